# Reference values for tests/stats/test_survival_*, from R's survival package. Run from the root of the checkout:
#   Rscript tests/reference/R_survival.R tests/reference
#   Rscript tests/reference/R_survival.R tests/reference ../shared/data/survival_roc   (also the public data sets)
# The cohorts are simulated here (seeded) and written beside the values; numbers have 17 digits.

suppressMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
set.seed(20250117)
digits <- function(x) sprintf("%.17g", x)

rows <- list()
keep <- function(dataset, analysis, term, name, value)
  rows[[length(rows) + 1]] <<- data.frame(dataset, analysis, term, name, value = digits(as.numeric(value)))

exact <- function() coxph.control(eps = 1e-11, toler.chol = 1e-13, iter.max = 50)

cohort <- function(name, n, rate, censor, unit, effect) {
  group <- sample(c("a", "b", "c"), n, TRUE, c(0.2, 0.45, 0.35))
  stratum <- ifelse(runif(n) < c(a = 0.65, b = 0.85, c = 0.55)[group], "pos", "neg")
  age <- round(rnorm(n, 52, 11))
  marker <- round(rnorm(n), 3)
  hazard <- rate * exp(effect * (group == "b") + 0.03 * (age - 52) - 0.5 * (stratum == "pos"))
  time <- rexp(n, hazard); stop <- runif(n, 0, censor)
  observed <- pmin(time, stop)
  observed <- if (unit > 0) ceiling(observed / unit) * unit else round(observed, 6)
  data.frame(dataset = name, time = observed, event = as.integer(time <= stop), group, stratum, age, marker)
}
data <- rbind(
  cohort("smooth", 200, 0.03, 90, 0, -0.5), cohort("months", 300, 0.02, 80, 1, 0.4), cohort("heavy_ties", 150, 0.04, 60, 6, 0.8),
  cohort("small", 14, 0.05, 60, 1, 0), cohort("few_events", 240, 0.002, 60, 1, 1.2))
write.table(data, file.path(folder, "R_survival_data.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)

curves <- function(name, d) {
  fit <- survfit(Surv(time, event) ~ group, d, conf.type = "log-log")
  s <- summary(fit, censored = TRUE)
  labels <- sub("group=", "", as.character(s$strata))
  for (g in unique(labels)) {
    here <- labels == g
    for (what in c("time", "n.risk", "n.event", "surv", "lower", "upper"))
      for (i in which(here)) keep(name, "km", g, what, s[[what]][i])
  }
  middle <- quantile(fit, 0.5)
  for (i in seq_along(fit$strata)) {
    g <- sub("group=", "", names(fit$strata)[i])
    keep(name, "median", g, "median", middle$quantile[i]); keep(name, "median", g, "ci_low", middle$lower[i])
    keep(name, "median", g, "ci_high", middle$upper[i])
  }
  follow <- quantile(survfit(Surv(time, 1 - event) ~ 1, d, conf.type = "log-log"), 0.5)
  keep(name, "followup", "all", "median", follow$quantile); keep(name, "followup", "all", "ci_low", follow$lower)
  keep(name, "followup", "all", "ci_high", follow$upper)
  tau <- min(tapply(d$time, d$group, max))
  area <- summary(fit, rmean = tau)$table
  for (i in seq_len(nrow(area))) {
    g <- sub("group=", "", rownames(area)[i])
    keep(name, "rmst", g, "tau", tau); keep(name, "rmst", g, "rmst", area[i, "rmean"]); keep(name, "rmst", g, "se", area[i, "se(rmean)"])
  }
}

tests <- function(name, d) {
  overall <- survdiff(Surv(time, event) ~ group, d)
  keep(name, "logrank", "overall", "chisq", overall$chisq)
  for (i in seq_along(overall$exp)) keep(name, "logrank", sub("group=", "", names(overall$n)[i]), "expected", overall$exp[i])
  keep(name, "logrank", "stratified", "chisq", survdiff(Surv(time, event) ~ group + strata(stratum), d)$chisq)
  levels <- sort(unique(as.character(d$group)))
  for (pair in combn(levels, 2, simplify = FALSE)) {
    part <- d[d$group %in% pair, ]
    keep(name, "logrank", paste(pair, collapse = "-"), "chisq", survdiff(Surv(time, event) ~ group, part)$chisq)
  }
}

cox <- function(name, d) {
  formulas <- list(group = Surv(time, event) ~ group, several = Surv(time, event) ~ group + age + marker,
                   strata = Surv(time, event) ~ group + strata(stratum))
  for (ties in c("efron", "breslow")) for (model in names(formulas)) {
    fit <- coxph(formulas[[model]], d, ties = ties, control = exact())
    key <- paste("cox", model, ties, sep = "_")
    for (i in seq_along(coef(fit))) {
      keep(name, key, names(coef(fit))[i], "coef", coef(fit)[i]); keep(name, key, names(coef(fit))[i], "se", sqrt(diag(vcov(fit)))[i])
    }
    keep(name, key, "model", "loglik_null", fit$loglik[1]); keep(name, key, "model", "loglik", fit$loglik[2])
    keep(name, key, "model", "score", fit$score)
    zph <- cox.zph(fit)$table
    for (i in seq_len(nrow(zph))) {
      keep(name, paste("zph", model, ties, sep = "_"), rownames(zph)[i], "chisq", zph[i, "chisq"])
      keep(name, paste("zph", model, ties, sep = "_"), rownames(zph)[i], "df", zph[i, "df"])
    }
  }
}

# Firth's penalised likelihood from coxph's own log-likelihood and information at fixed coefficients (no iteration)
penalised <- function(d, formula, ties) function(beta) {
  fit <- tryCatch(suppressWarnings(coxph(formula, d, ties = ties, init = beta, control = coxph.control(iter.max = 0))),
                  error = function(e) NULL)
  if (is.null(fit)) return(-1e6)
  fit$loglik[length(fit$loglik)] - 0.5 * as.numeric(determinant(as.matrix(fit$var))$modulus)
}
best <- function(f, start, fixed = NULL, at = NULL) {
  free <- setdiff(seq_along(start), fixed)
  full <- function(b) { x <- start; x[free] <- b; x[fixed] <- at; -f(x) }
  if (!length(free)) return(list(par = at, value = -full(numeric(0))))
  steps <- list(reltol = 1e-15, maxit = 500, ndeps = rep(1e-5, length(free)))
  one <- optim(start[free], full, method = "BFGS", control = steps)
  two <- optim(one$par, full, method = "BFGS", control = steps)
  x <- start; x[free] <- two$par; x[fixed] <- at
  list(par = x, value = -two$value)
}
firth <- function(name, d, formula, ties) {
  f <- penalised(d, formula, ties)
  p <- length(coef(coxph(formula, d, control = coxph.control(iter.max = 0))))
  top <- best(f, rep(0, p))
  key <- paste("firth", ties, sep = "_")
  for (j in seq_len(p)) {
    drop <- function(b) 2 * (top$value - best(f, top$par, j, b)$value)
    limit <- function(side) {
      far <- top$par[j] + side; while (drop(far) < qchisq(0.95, 1)) far <- far + side
      uniroot(function(b) drop(b) - qchisq(0.95, 1), sort(c(top$par[j], far)), tol = 1e-8)$root
    }
    keep(name, key, j, "coef", top$par[j]); keep(name, key, j, "ci_low", limit(-1)); keep(name, key, j, "ci_high", limit(1))
    keep(name, key, j, "chisq", drop(0))
  }
}

for (name in unique(data$dataset)) {
  d <- data[data$dataset == name, ]
  curves(name, d); tests(name, d)
  if (name != "small") cox(name, d)
}
# a cohort in which group c has no event
none <- data[data$dataset == "few_events", ]; none$event[none$group == "c"] <- 0; none$dataset <- "no_event_in_c"
for (ties in c("efron", "breslow")) firth("no_event_in_c", none, Surv(time, event) ~ group + I((age - 52) / 10), ties)
small <- data[data$dataset == "small", ]
firth("small", small, Surv(time, event) ~ group, "efron")
write.table(do.call(rbind, rows), file.path(folder, "R_survival.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)

# Public data sets of the survival package, read from the folder named second; only the values are kept
if (length(arguments) > 1) {
  rows <- list()
  read <- function(name) read.csv(file.path(arguments[2], paste0(name, "_R_survival.csv")))
  gbsg <- read("gbsg"); lung <- read("lung"); veteran <- read("veteran")
  gbsg <- data.frame(time = gbsg$rfstime, event = gbsg$status, group = gbsg$hormon, stratum = gbsg$grade, age = gbsg$age, marker = gbsg$nodes)
  lung <- data.frame(time = lung$time, event = lung$status - 1, group = lung$sex, stratum = lung$ph.ecog, age = lung$age, marker = lung$ph.karno)
  veteran <- data.frame(time = veteran$time, event = veteran$status, group = veteran$celltype, stratum = veteran$trt, age = veteran$age, marker = veteran$karno)
  for (name in c("gbsg", "lung", "veteran")) {
    d <- get(name); d$group <- factor(d$group)
    curves(name, d); tests(name, d); cox(name, d)
  }
  table <- do.call(rbind, rows)
  table <- table[table$analysis != "km", ]
  write.table(table, file.path(folder, "R_survival_public.tsv"), sep = "\t", quote = FALSE, row.names = FALSE)
}
cat(R.version.string, "survival", as.character(packageVersion("survival")), "\n")
