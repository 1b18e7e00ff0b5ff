# Reference values for tests/stats/test_agreement.py. Run from the root of the checkout:
#   Rscript tests/reference/R_agreement.R tests/reference
# Everything is seeded and simulated here; numbers have 17 digits. Versions: R_agreement.md.

suppressMessages({library(psych); library(vcd)})
folder <- commandArgs(trailingOnly = TRUE)[1]
set.seed(4711)

digits <- function(x) sprintf("%.17g", x)
comma <- function(x) paste(digits(x), collapse = ",")
save_table <- function(rows, name) {
  table <- do.call(rbind, lapply(rows, as.data.frame, stringsAsFactors = FALSE))
  write.table(table, file.path(folder, paste0("R_", name, ".tsv")), sep = "\t", quote = FALSE, row.names = FALSE)
}

# psych::ICC ----------------------------------------------------------------------------------------------------------
save_table(lapply(1:20, function(i) {
  n <- sample(4:30, 1); k <- sample(2:4, 1)
  x <- outer(rnorm(n, 0, runif(1, 0.3, 2)), rnorm(k, 0, 0.5), "+") + matrix(rnorm(n * k), n, k)
  r <- ICC(x, lmer = FALSE)$results
  pick <- function(type) unlist(r[r$type == type, c("ICC", "lower bound", "upper bound")])
  list(n = n, k = k, x = comma(as.vector(t(x))), icc21 = comma(pick("ICC2")), icc31 = comma(pick("ICC3")),
       icc2k = comma(pick("ICC2k")), icc3k = comma(pick("ICC3k")))
}), "icc")

# vcd::Kappa ----------------------------------------------------------------------------------------------------------
save_table(lapply(1:30, function(i) {
  k <- sample(2:4, 1)
  a <- sample(1:k, 80, replace = TRUE); b <- ifelse(runif(80) < 0.6, a, sample(1:k, 80, replace = TRUE))
  table <- table(factor(a, 1:k), factor(b, 1:k))
  one <- Kappa(table); two <- Kappa(table, weights = "Fleiss-Cohen")
  list(k = k, counts = comma(as.vector(t(table))), kappa = digits(one$Unweighted["value"]), se = digits(one$Unweighted["ASE"]),
       linear = digits(one$Weighted["value"]), linear_se = digits(one$Weighted["ASE"]),
       quadratic = digits(two$Weighted["value"]), quadratic_se = digits(two$Weighted["ASE"]))
}), "kappa")

# exact McNemar: binom.test of the discordant pairs -------------------------------------------------------------------
save_table(lapply(1:20, function(i) {
  x <- sample(0:15, 1); y <- sample(1:15, 1)
  r <- binom.test(x, x + y)
  list(only_a = x, only_b = y, p = digits(r$p.value), low = digits(r$conf.int[1] / (1 - r$conf.int[1])),
       high = digits(r$conf.int[2] / (1 - r$conf.int[2])))
}), "mcnemar")

writeLines(c(R.version.string, paste("psych", packageVersion("psych")), paste("vcd", packageVersion("vcd"))))
