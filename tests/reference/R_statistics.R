# Reference values for tests/stats, from R's own functions. Run from the root of the checkout:
#   Rscript tests/reference/R_statistics.R tests/reference
# R version and packages used are written to R_statistics.md. Everything is seeded; numbers have 17 digits.

folder <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20240611)

digits <- function(x) sprintf("%.17g", x)
comma <- function(x) paste(digits(x), collapse = ",")
save_table <- function(rows, name) {
  table <- do.call(rbind, lapply(rows, as.data.frame, stringsAsFactors = FALSE))
  write.table(table, file.path(folder, paste0("R_", name, ".tsv")), sep = "\t", quote = FALSE, row.names = FALSE)
}

# fisher.test, 2 x 2 -----------------------------------------------------------------------------------------------
save_table(lapply(1:200, function(i) {
  n <- c(sample(1:250, 1), sample(1:250, 1))
  share <- rbeta(1, 0.5, 1.5)
  a <- rbinom(1, n[1], share)
  c <- rbinom(1, n[2], plogis(qlogis(share) + rnorm(1, 0, 0.8)))
  r <- fisher.test(matrix(c(a, c, n[1] - a, n[2] - c), 2))
  list(altered_a = a, n_a = n[1], altered_b = c, n_b = n[2], p = digits(r$p.value),
       odds_ratio = digits(r$estimate), ci_low = digits(r$conf.int[1]), ci_high = digits(r$conf.int[2]))
}), "fisher_2x2")

# fisher.test, r x c -----------------------------------------------------------------------------------------------
random_table <- function(r, c, n, effect) {
  repeat {
    rows <- rgamma(r, 2); columns <- rgamma(c, 1.2)
    p <- outer(rows, columns) * exp(matrix(rnorm(r * c, 0, effect), r, c))
    x <- matrix(rmultinom(1, n, p / sum(p)), r, c)
    if (all(rowSums(x) > 0) && all(colSums(x) > 0)) return(x)
  }
}
shapes <- rbind(
  cbind(2, 3, c(20, 90, 321, 523)), cbind(3, 2, c(30, 523)), cbind(2, 4, c(40, 292, 523)), cbind(2, 5, c(60, 292, 523)),
  cbind(5, 2, c(60, 523)), cbind(2, 7, c(50, 150)), cbind(3, 3, c(15, 60, 200, 523)), cbind(3, 4, c(20, 100, 250)),
  cbind(4, 3, c(40, 180)), cbind(3, 5, c(25, 90)), cbind(4, 4, c(20, 60)), cbind(5, 5, c(15, 30)), cbind(3, 6, c(30, 60)))
rows <- list()
while (length(rows) < 200) {
  s <- shapes[length(rows) %% nrow(shapes) + 1, ]
  x <- random_table(s[1], s[2], s[3], sample(c(0, 0, 0.3, 0.6, 1.2), 1))
  setTimeLimit(elapsed = 20, transient = TRUE)
  p <- tryCatch(fisher.test(x, workspace = 2e7)$p.value, error = function(e) NA)
  setTimeLimit()
  if (!is.na(p)) rows[[length(rows) + 1]] <- list(n_rows = s[1], n_columns = s[2], by_row = comma(t(x)), p = digits(p))
}
save_table(rows, "fisher_rxc")

# Large tables, where R takes minutes and its own rounding shows (about five minutes in all)
large <- list(
  matrix(c(32, 100, 80, 28, 62, 59, 14, 53, 33, 5, 28, 29), 3), matrix(c(46, 109, 69, 25, 47, 63, 12, 70, 41, 10, 11, 20), 3),
  matrix(c(31, 68, 82, 21, 77, 54, 14, 38, 35, 15, 27, 22, 6, 17, 16), 3),
  matrix(c(69, 175, 153, 56, 120, 115, 34, 81, 96, 16, 56, 29), 3))
save_table(lapply(large, function(x) list(n_rows = nrow(x), n_columns = ncol(x), by_row = comma(t(x)),
                                          p = digits(fisher.test(x, workspace = 2e8)$p.value))), "fisher_rxc_large")

# mantelhaen.test --------------------------------------------------------------------------------------------------
save_table(lapply(1:80, function(i) {
  k <- sample(1:5, 1)
  share <- rbeta(1, 0.8, 1.5)
  repeat {
    x <- array(0, c(2, 2, k))
    for (j in 1:k) {
      n <- sample(3:120, 2)
      s <- plogis(qlogis(share) + rnorm(1, 0, 1))
      a <- rbinom(1, n[1], plogis(qlogis(s) + 0.5)); b <- rbinom(1, n[2], s)
      x[, , j] <- rbind(c(a, n[1] - a), c(b, n[2] - b))
    }
    if (sum(x[1, 1, ] * x[2, 2, ]) > 0 && sum(x[1, 2, ] * x[2, 1, ]) > 0) break
  }
  # R refuses a single stratum; a second one that is all in one column adds nothing.
  y <- if (k == 1) array(c(x, 0, 0, 3, 4), c(2, 2, 2)) else x
  plain <- mantelhaen.test(y, correct = FALSE)
  exact <- mantelhaen.test(y, exact = TRUE)
  list(n_strata = k, altered_a = comma(x[1, 1, ]), not_a = comma(x[1, 2, ]), altered_b = comma(x[2, 1, ]),
       not_b = comma(x[2, 2, ]), odds_ratio = digits(plain$estimate), ci_low = digits(plain$conf.int[1]),
       ci_high = digits(plain$conf.int[2]), p = digits(plain$p.value),
       p_corrected = digits(mantelhaen.test(y, correct = TRUE)$p.value), p_exact = digits(exact$p.value),
       odds_ratio_exact = digits(exact$estimate), ci_low_exact = digits(exact$conf.int[1]),
       ci_high_exact = digits(exact$conf.int[2]))
}), "mantelhaen")

# wilcox.test ------------------------------------------------------------------------------------------------------
save_table(lapply(1:80, function(i) {
  n <- if (i %% 4 == 0) sample(40:120, 2) else sample(2:49, 2)
  shift <- rnorm(1, 0, 0.7)
  x <- rgamma(n[1], 2) + shift
  y <- rgamma(n[2], 2)
  if (i %% 2 == 0) { x <- round(3 * x) / 3; y <- round(3 * y) / 3 }
  r <- suppressWarnings(wilcox.test(x, y, conf.int = TRUE, tol.root = 1e-10))
  list(x = comma(x), y = comma(y), exact = grepl("exact", r$method), statistic = digits(r$statistic),
       p = digits(r$p.value), shift = digits(r$estimate), ci_low = digits(r$conf.int[1]), ci_high = digits(r$conf.int[2]))
}), "wilcox")

# kruskal.test, oneway.test, Dunn's test (formula of Dunn 1964 with tie correction; p.adjust for Holm) ---------------
dunn <- function(groups) {
  pooled <- unlist(groups); n <- length(pooled)
  ranks <- split(rank(pooled), rep(seq_along(groups), lengths(groups)))
  ties <- table(pooled)
  variance <- n * (n + 1) / 12 - sum(ties^3 - ties) / (12 * (n - 1))
  pairs <- combn(length(groups), 2)
  z <- apply(pairs, 2, function(p) (mean(ranks[[p[1]]]) - mean(ranks[[p[2]]])) /
    sqrt(variance * (1 / length(groups[[p[1]]]) + 1 / length(groups[[p[2]]]))))
  list(z = z, p = p.adjust(2 * pnorm(-abs(z)), "holm"))
}
save_table(lapply(1:40, function(i) {
  k <- sample(2:4, 1)
  groups <- lapply(1:k, function(j) {
    values <- rgamma(sample(3:60, 1), 2) + rnorm(1, 0, 0.5)
    if (i %% 2 == 0) round(2 * values) / 2 else values
  })
  test <- kruskal.test(groups)
  g <- factor(rep(seq_len(k), lengths(groups)))
  welch <- oneway.test(unlist(groups) ~ g)
  pairs <- dunn(groups)
  list(groups = paste(sapply(groups, comma), collapse = ";"), h = digits(test$statistic), p = digits(test$p.value),
       dunn_z = comma(pairs$z), dunn_holm = comma(pairs$p), welch_f = digits(welch$statistic),
       welch_df = digits(welch$parameter[2]), welch_p = digits(welch$p.value))
}), "kruskal")

# t.test -----------------------------------------------------------------------------------------------------------
save_table(lapply(1:30, function(i) {
  x <- rnorm(sample(2:40, 1), 50, 10); y <- rnorm(sample(2:40, 1), 55, 4)
  r <- t.test(x, y)
  list(x = comma(x), y = comma(y), t = digits(r$statistic), df = digits(r$parameter), p = digits(r$p.value),
       ci_low = digits(r$conf.int[1]), ci_high = digits(r$conf.int[2]))
}), "welch")

# prop.trend.test, with prop.test for the departure ------------------------------------------------------------------
save_table(lapply(1:40, function(i) {
  k <- sample(3:6, 1)
  n <- sample(10:250, k)
  score <- sort(round(runif(k, 0, 10), 2))
  a <- rbinom(k, n, plogis(-1 + 0.2 * score + rnorm(k, 0, 0.3)))
  trend <- prop.trend.test(a, n, score)
  overall <- suppressWarnings(prop.test(a, n, correct = FALSE))
  rest <- overall$statistic - trend$statistic
  list(altered = comma(a), n = comma(n), scores = comma(score), statistic = digits(trend$statistic),
       p = digits(trend$p.value), departure_p = digits(pchisq(rest, k - 2, lower.tail = FALSE)))
}), "trend")

# p.adjust ---------------------------------------------------------------------------------------------------------
save_table(lapply(1:20, function(i) {
  p <- round(rbeta(sample(1:60, 1), 0.5, 1), sample(2:6, 1))
  p[runif(length(p)) < 0.1] <- NA
  list(p = comma(p), bh = comma(p.adjust(p, "BH")), holm = comma(p.adjust(p, "holm")))
}), "p_adjust")

writeLines(c(
  "# Reference values from R", "",
  "`R_*.tsv` in this folder are written by `R_statistics.R` (seeded), with",
  paste0("`", R.version.string, "` on ", R.version$platform, ", package stats ", as.character(packageVersion("stats")), "."), "",
  "| file | R call |", "|---|---|",
  "| R_fisher_2x2.tsv | `fisher.test(matrix)` |",
  "| R_fisher_rxc.tsv | `fisher.test(matrix, workspace = 2e7)`; tables that take R longer than 20 s are not used |",
  "| R_fisher_rxc_large.tsv | `fisher.test(matrix, workspace = 2e8)`; R's sums of log factorials cost it digits here |",
  "| R_mantelhaen.tsv | `mantelhaen.test(array)` with `correct = FALSE`, `correct = TRUE`, `exact = TRUE` |",
  "| R_wilcox.tsv | `wilcox.test(x, y, conf.int = TRUE, tol.root = 1e-10)`, exact and correct left at their defaults |",
  "| R_kruskal.tsv | `kruskal.test(list)`, `oneway.test(values ~ group)`, Dunn's z by formula in the script |",
  "| R_welch.tsv | `t.test(x, y)` |",
  "| R_trend.tsv | `prop.trend.test(x, n, score)`, `prop.test(x, n, correct = FALSE)` for the departure |",
  "| R_p_adjust.tsv | `p.adjust(p, \"BH\")`, `p.adjust(p, \"holm\")` |"),
  file.path(folder, "R_statistics.md"))
