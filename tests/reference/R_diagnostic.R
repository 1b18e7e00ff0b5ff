# Reference values for tests/stats/test_diagnostic.py, test_correlation.py and test_calibration.py, from R's own
# functions and pROC. Run from the root of the checkout:
#   Rscript tests/reference/R_diagnostic.R tests/reference
# Everything is seeded and simulated here; numbers have 17 digits. Versions: R_diagnostic.md.

suppressMessages(library(pROC))
folder <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20261126)

digits <- function(x) sprintf("%.17g", x)
comma <- function(x) paste(digits(x), collapse = ",")
save_table <- function(rows, name) {
  table <- do.call(rbind, lapply(rows, as.data.frame, stringsAsFactors = FALSE))
  write.table(table, file.path(folder, paste0("R_", name, ".tsv")), sep = "\t", quote = FALSE, row.names = FALSE)
}
curve <- function(truth, marker) roc(truth, marker, levels = c(0, 1), direction = "<", quiet = TRUE)

# two markers of the same samples, with and without ties ------------------------------------------------------------
save_table(lapply(1:40, function(i) {
  n <- sample(8:80, 2)
  truth <- rep(c(1, 0), n)
  a <- rnorm(sum(n)) + truth * runif(1, 0, 1.5)
  b <- 0.5 * a + rnorm(sum(n)) + truth * runif(1, 0, 1.5)
  if (i %% 2 == 0) { a <- round(a, 0); b <- round(b, 1) }
  one <- curve(truth, a); two <- curve(truth, b)
  interval <- ci.auc(one, method = "delong")
  test <- roc.test(one, two, method = "delong", paired = TRUE)
  best <- coords(one, "best", best.method = "youden", ret = c("sensitivity", "specificity"), transpose = FALSE)
  list(truth = comma(truth), a = comma(a), b = comma(b), auc_a = digits(one$auc), auc_b = digits(two$auc),
       ci_low = digits(interval[1]), ci_high = digits(interval[3]), z = digits(test$statistic),
       p = digits(test$p.value), youden = digits(max(best$sensitivity + best$specificity)))
}), "delong")

# one marker in two sets --------------------------------------------------------------------------------------------
save_table(lapply(1:20, function(i) {
  n <- sample(8:60, 4)
  t1 <- rep(c(1, 0), n[1:2]); t2 <- rep(c(1, 0), n[3:4])
  a <- rnorm(length(t1)) + t1; b <- rnorm(length(t2)) + t2 * runif(1, 0, 1)
  test <- roc.test(curve(t1, a), curve(t2, b), method = "delong", paired = FALSE)
  list(truth_a = comma(t1), a = comma(a), truth_b = comma(t2), b = comma(b), t = digits(test$statistic),
       df = digits(test$parameter), p = digits(test$p.value))
}), "delong_unpaired")

# shares ------------------------------------------------------------------------------------------------------------
save_table(lapply(1:40, function(i) {
  n <- sample(1:60, 1); x <- sample(0:n, 1)
  r <- binom.test(x, n)
  list(x = x, n = n, low = digits(r$conf.int[1]), high = digits(r$conf.int[2]))
}), "binom")

# correlation -------------------------------------------------------------------------------------------------------
save_table(lapply(1:30, function(i) {
  n <- sample(5:60, 1)
  x <- rnorm(n); y <- runif(1, -1, 1) * x + rnorm(n)
  if (i %% 3 == 0) { x <- round(x, 0); y <- round(y, 0) + (1:n) / 1000 * (i %% 2) }
  exact <- suppressWarnings(cor.test(x, y, method = "kendall"))
  rank <- suppressWarnings(cor.test(x, y, method = "spearman", exact = FALSE))
  line <- cor.test(x, y)
  list(x = comma(x), y = comma(y), pearson = digits(line$estimate), pearson_p = digits(line$p.value),
       pearson_low = digits(line$conf.int[1]), pearson_high = digits(line$conf.int[2]),
       spearman = digits(rank$estimate), spearman_p = digits(rank$p.value), kendall = digits(exact$estimate),
       kendall_p = digits(exact$p.value), ties = as.integer(any(duplicated(x)) || any(duplicated(y))))
}), "correlation")

# logistic calibration ----------------------------------------------------------------------------------------------
save_table(lapply(1:20, function(i) {
  n <- sample(40:200, 1)
  p <- plogis(rnorm(n, -0.5, 1.2)); y <- rbinom(n, 1, plogis(0.3 + 0.8 * qlogis(p)))
  both <- glm(y ~ qlogis(p), family = binomial, control = list(epsilon = 1e-14))
  large <- glm(y ~ offset(qlogis(p)), family = binomial, control = list(epsilon = 1e-14))
  list(p = comma(p), y = comma(y), intercept = digits(coef(both)[1]), slope = digits(coef(both)[2]),
       in_the_large = digits(coef(large)[1]))
}), "calibration")

writeLines(c(R.version.string, paste("pROC", packageVersion("pROC"))))
