# Reference values for tests/stats of the adjusted and ordered comparisons. Run from the root of the checkout:
#   Rscript tests/reference/R_comparison.R tests/reference
# Needs package brglm2 (Firth's estimates). Everything is seeded; numbers have 17 digits.

folder <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20240612)
suppressMessages(library(brglm2))

digits <- function(x) sprintf("%.17g", x)
comma <- function(x) paste(digits(x), collapse = ",")
save_table <- function(rows, name) {
  table <- do.call(rbind, lapply(rows, as.data.frame, stringsAsFactors = FALSE))
  write.table(table, file.path(folder, paste0("R_", name, ".tsv")), sep = "\t", quote = FALSE, row.names = FALSE)
}

# glm and Firth: one group, one category, one number -----------------------------------------------------------------
penalised <- function(beta, X, y, offset) {
  eta <- drop(X %*% beta) + offset; p <- plogis(eta)
  sum(y * plogis(eta, log.p = TRUE) + (1 - y) * plogis(eta, lower.tail = FALSE, log.p = TRUE)) +
    0.5 * as.numeric(determinant(crossprod(X * (p * (1 - p)), X))$modulus)
}
best_with <- function(X, y, offset, j, value, start) {  # penalised likelihood with one coefficient held, full determinant
  f <- function(b) { beta <- numeric(ncol(X)); beta[-j] <- b; beta[j] <- value; -penalised(beta, X, y, offset) }
  o <- optim(start[-j], f, method = "BFGS", control = list(reltol = 1e-14, maxit = 2000))
  o <- optim(o$par, f, method = "Nelder-Mead", control = list(reltol = 1e-15, maxit = 5000))
  -o$value
}
save_table(lapply(1:24, function(i) {
  n <- sample(40:200, 1)
  group <- rbinom(n, 1, 0.3); hr <- rbinom(n, 1, plogis(0.5 - group)); age <- round(rnorm(n, 55, 11))
  offset <- if (i %% 3 == 0) round(rnorm(n, 0, 0.5), 3) else rep(0, n)
  y <- rbinom(n, 1, plogis(qlogis(c(0.05, 0.15, 0.4)[i %% 3 + 1]) + 0.6 * group - 0.4 * hr + 0.01 * (age - 55) + offset))
  if (i %% 6 == 1) y[group == 1] <- 0                                     # separation
  if (sum(y) < 3) y[1:3] <- 1 - group[1:3]
  X <- cbind(1, group, hr, age - 55)
  separated <- any(tapply(y, group, sum) == 0)
  full <- suppressWarnings(glm(y ~ X[, -1] + offset(offset), family = binomial, control = list(epsilon = 1e-14, maxit = 100)))
  null <- suppressWarnings(glm(y ~ X[, 3:4] + offset(offset), family = binomial, control = list(epsilon = 1e-14, maxit = 100)))
  se <- sqrt(diag(vcov(full)))[2]
  firth <- glm(y ~ X[, -1] + offset(offset), family = binomial, method = "brglmFit", type = "MPL_Jeffreys",
               control = list(epsilon = 1e-12, maxit = 1000))
  b <- coef(firth)
  top <- penalised(b, X, y, offset)
  p <- pchisq(2 * (top - best_with(X, y, offset, 2, 0, b)), 1, lower.tail = FALSE)
  gap <- function(v) top - best_with(X, y, offset, 2, v, b) - qchisq(0.95, 1) / 2
  limits <- c(uniroot(gap, c(b[2] - 8, b[2]), tol = 1e-9)$root, uniroot(gap, c(b[2], b[2] + 8), tol = 1e-9)$root)
  list(y = comma(y), group = comma(group), hr = comma(hr), age = comma(age), offset = comma(offset), separated = separated,
       coef = if (separated) "NA" else digits(coef(full)[2]), se = if (separated) "NA" else digits(se),
       p = if (separated) "NA" else digits(pchisq(null$deviance - full$deviance, 1, lower.tail = FALSE)),
       firth_coef = digits(b[2]), firth_p = digits(p), firth_low = digits(limits[1]), firth_high = digits(limits[2]))
}), "logistic")

# Jonckheere-Terpstra: statistic by definition, exact p over all assignments --------------------------------------------
statistic <- function(x, g) {
  total <- 0
  for (a in 1:(max(g) - 1)) for (b in (a + 1):max(g)) {
    d <- outer(x[g == b], x[g == a], "-"); total <- total + sum(d > 0) + sum(d == 0) / 2
  }
  total
}
assignments <- function(sizes) {                                          # all ways to hand the positions to the groups
  if (length(sizes) == 1) return(matrix(1, 1, sizes))
  n <- sum(sizes); chosen <- combn(n, sizes[length(sizes)]); rest <- assignments(sizes[-length(sizes)])
  do.call(rbind, lapply(seq_len(ncol(chosen)), function(j) t(apply(rest, 1, function(r) {
    g <- rep(length(sizes), n); g[-chosen[, j]] <- r; g
  }))))
}
save_table(lapply(1:20, function(i) {
  sizes <- list(c(3, 3, 3), c(2, 3, 4), c(4, 4), c(2, 2, 2, 2), c(5, 3, 2))[[i %% 5 + 1]]
  g <- rep(seq_along(sizes), sizes)
  x <- rnorm(length(g), 0.4 * g)
  if (i > 12) x <- round(x)
  all <- apply(assignments(sizes), 1, function(h) statistic(x, h))
  s <- statistic(x, g)
  z <- (s - mean(all)) / sqrt(mean((all - mean(all))^2))                  # moments by enumeration: no formula for ties
  list(x = comma(x), g = comma(g), statistic = digits(s), tied = anyDuplicated(x) > 0,
       p_exact = digits(min(1, 2 * min(mean(all <= s + 1e-9), mean(all >= s - 1e-9)))), p_normal = digits(2 * pnorm(-abs(z))))
}), "jonckheere")

# Spearman ------------------------------------------------------------------------------------------------------------
save_table(lapply(1:15, function(i) {
  n <- sample(8:80, 1); x <- sample(0:3, n, TRUE); y <- rnorm(n, 0.3 * x)
  if (i %% 2 == 0) y <- round(y)
  r <- suppressWarnings(cor.test(x, y, method = "spearman", exact = FALSE))
  list(x = comma(x), y = comma(y), rho = digits(r$estimate), p = digits(r$p.value))
}), "spearman")

# Exact trend of a proportion: all tables with the margins ----------------------------------------------------------------
save_table(lapply(1:30, function(i) {
  n <- sample(5:40, 3); a <- rbinom(3, n, c(0.1, 0.2, 0.35)[sample(3)])
  if (sum(a) == 0) a[1] <- 1
  grid <- expand.grid(0:n[1], 0:n[2], 0:n[3]); grid <- as.matrix(grid[rowSums(grid) == sum(a), ])
  w <- exp(rowSums(sapply(1:3, function(j) lchoose(n[j], grid[, j])))) ; w <- w / sum(w)
  s <- drop(grid %*% 0:2); e <- sum(w * s); t <- sum(a * 0:2)
  list(altered = comma(a), n = comma(n), p = digits(sum(w[abs(s - e) >= abs(t - e) - 1e-9])),
       p_fisher = digits(fisher.test(rbind(a, n - a), workspace = 2e7)$p.value),
       p_chi = digits(suppressWarnings(chisq.test(rbind(a, n - a), correct = FALSE))$p.value))
}), "exact_trend")

# van Elteren (moments by definition), least squares with HC3 ------------------------------------------------------------
save_table(lapply(1:20, function(i) {
  n <- sample(20:150, 1); stratum <- sample(1:3, n, TRUE); first <- rbinom(n, 1, 0.2 + 0.2 * (stratum == 2))
  first[1:2] <- 0:1
  x <- rnorm(n, stratum + 0.5 * first); if (i %% 2 == 0) x <- round(x)
  top <- 0; variance <- 0
  for (h in 1:3) {
    here <- stratum == h; m <- sum(here); k <- sum(first[here])
    if (k == 0 || k == m) next
    r <- rank(x[here])
    top <- top + (sum(r[first[here] == 1]) - k * mean(r)) / (m + 1)
    variance <- variance + k * (m - k) / m * var(r) / (m + 1)^2             # sampling without replacement from the ranks
  }
  X <- cbind(1, first, stratum == 2, stratum == 3)
  fit <- lm(x ~ X - 1); e <- resid(fit) / (1 - hatvalues(fit)); B <- solve(crossprod(X))
  V <- B %*% crossprod(X * e) %*% B
  list(x = comma(x), first = comma(first), stratum = comma(stratum), p = digits(2 * pnorm(-abs(top) / sqrt(variance))),
       difference = digits(coef(fit)[2]), se = digits(sqrt(V[2, 2])), p_hc3 = digits(2 * pt(-abs(coef(fit)[2]) / sqrt(V[2, 2]), n - 4)))
}), "adjusted_numbers")

# Several groups in strata: mantelhaen.test; Mantel's trend by the moments of the score sum in each stratum -------------
save_table(lapply(1:25, function(i) {
  k <- sample(3:4, 1); s <- sample(1:3, 1) + 1
  n <- matrix(sample(5:60, k * s, TRUE), k); a <- matrix(rbinom(k * s, n, runif(1, 0.1, 0.5)), k)
  a[1, ] <- pmax(a[1, ], 1)
  x <- array(0, c(k, 2, s)); x[, 1, ] <- a; x[, 2, ] <- n - a
  top <- 0; variance <- 0
  for (h in 1:s) {
    score <- rep(0:(k - 1), n[, h]); m <- sum(n[, h]); altered <- sum(a[, h])
    top <- top + sum(a[, h] * 0:(k - 1)) - altered * mean(score)
    variance <- variance + altered * (m - altered) / m * var(score)
  }
  list(groups = k, altered = comma(a), n = comma(n), p = digits(mantelhaen.test(x)$p.value),
       trend_p = digits(pchisq(top^2 / variance, 1, lower.tail = FALSE)))
}), "stratified_groups")

writeLines(c(
  "# Reference values from R for adjusted and ordered comparisons", "",
  "Written by `R_comparison.R` (seeded), with",
  paste0("`", R.version.string, "` on ", R.version$platform, ", packages stats ", as.character(packageVersion("stats")),
         " and brglm2 ", as.character(packageVersion("brglm2")), "."), "",
  "| file | R call |", "|---|---|",
  "| R_logistic.tsv | `glm(binomial)`; `glm(method = \"brglmFit\", type = \"MPL_Jeffreys\")` for Firth's estimate, and `optim`, `uniroot` on the penalised likelihood for its p and limits |",
  "| R_jonckheere.tsv | the statistic by definition, its exact distribution and moments over all assignments |",
  "| R_spearman.tsv | `cor.test(method = \"spearman\", exact = FALSE)` |",
  "| R_exact_trend.tsv | all tables with the margins, listed; `fisher.test`; `chisq.test(correct = FALSE)` |",
  "| R_stratified_groups.tsv | `mantelhaen.test` of groups x 2 x strata; the score sum's moments in each stratum |",
  "| R_adjusted_numbers.tsv | van Elteren's statistic with the variance of ranks; `lm` with HC3 by its formula |"),
  file.path(folder, "R_comparison.md"))
