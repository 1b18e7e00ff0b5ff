# Reference values for tests/stats/test_nmf*.py and test_consensus.py, from R's NMF package. From the root of the checkout:
#   Rscript tests/reference/R_nmf.R matrix.tsv.gz tests/reference
# matrix.tsv.gz: genes x samples, 0/1. Samples without an alteration are left out, as R's NMF cannot run with them.

suppressMessages(library(NMF))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[2]
digits <- function(x) sprintf("%.17g", x)
save_table <- function(table, name) {
  write.table(table, file.path(folder, paste0("R_nmf_", name, ".tsv")), sep = "\t", quote = FALSE, row.names = FALSE)
}

# Step by step from one start, a fixed number of iterations -----------------------------------------------------------
set.seed(7)
v <- matrix(rbinom(9 * 14, 1, 0.4), 9)
v[, colSums(v) == 0] <- 1
w0 <- matrix(runif(9 * 3), 9); h0 <- matrix(runif(3 * 14), 3)
long <- function(m, what, method, iterations) data.frame(method = method, iterations = iterations, what = what,
  row = as.vector(row(m)), column = as.vector(col(m)), value = digits(as.vector(m)))
steps <- list(long(v, "V", "start", 0), long(w0, "W", "start", 0), long(h0, "H", "start", 0))
for (iterations in c(1, 2, 50)) {
  w <- w0; h <- h0
  for (i in seq_len(iterations)) {            # the package's compiled Lee and Seung updates, without its rescaling of W
    h <- nmf_update.euclidean.h(v, w, h, eps = 1e-9, copy = TRUE)
    w <- nmf_update.euclidean.w(v, w, h, eps = 1e-9, copy = TRUE)
  }
  steps <- c(steps, list(long(w, "W", "euclidean", iterations), long(h, "H", "euclidean", iterations)))
  w <- w0; h <- h0
  for (i in seq_len(iterations)) {
    h <- nmf_update.KL.h(v, w, h, copy = TRUE)
    w <- nmf_update.KL.w(v, w, h, copy = TRUE)
  }
  steps <- c(steps, list(long(w, "W", "kl", iterations), long(h, "H", "kl", iterations)))
}
save_table(do.call(rbind, steps), "steps")

# Basis features of a fixed W (Kim and Park) ---------------------------------------------------------------------------
set.seed(11)
w <- matrix(runif(60 * 3, 0.5, 1), 60)           # features that load on everything, and ten that do not
for (i in 1:10) w[i, -(i %% 3 + 1)] <- runif(2, 0, 0.02 * i)
model <- nmfModel(W = w, H = matrix(1, 3, 4))
score <- featureScore(model, "kim")
chosen <- extractFeatures(model, "kim")
save_table(data.frame(feature = seq_len(60), w1 = digits(w[, 1]), w2 = digits(w[, 2]), w3 = digits(w[, 3]),
  score = digits(score), basis = sapply(seq_len(60), function(i) {
    found <- which(sapply(chosen, function(c) i %in% c)); if (length(found)) found else 0 })), "features")

# Consensus statistics of random labellings ----------------------------------------------------------------------------
set.seed(13)
rows <- list()
for (case in 1:12) {
  n <- sample(8:25, 1); runs <- sample(4:12, 1); k <- sample(2:4, 1)
  base <- sample(k, n, TRUE)
  labels <- t(replicate(runs, { l <- base; m <- runif(n) < 0.2; l[m] <- sample(k, sum(m), TRUE); l }))
  c <- Reduce(`+`, lapply(seq_len(runs), function(i) outer(labels[i, ], labels[i, ], "=="))) / runs
  cut <- cutree(hclust(as.dist(1 - c), "average"), k)
  s <- cluster::silhouette(cut, as.dist(1 - c))
  rows[[case]] <- data.frame(case = case, k = k, labels = paste(apply(labels, 1, paste, collapse = ","), collapse = ";"),
    cophenetic = digits(cophcor(c)), dispersion = digits(dispersion(c)), cut = paste(cut, collapse = ","),
    silhouette = paste(digits(s[, 3]), collapse = ","))
}
save_table(do.call(rbind, rows), "consensus")

# The rank survey of the reference matrix -----------------------------------------------------------------------------
table <- read.delim(gzfile(arguments[1]), row.names = 1, check.names = FALSE)
v <- as.matrix(table); v <- v[, colSums(v) > 0]
labels <- data.frame(sample_id = colnames(v))
survey <- list()
for (rank in 2:8) {
  time <- system.time(fit <- nmf(v, rank, "lee", nrun = 30, seed = 123456, .options = "-p"))
  s <- summary(fit)
  survey[[rank]] <- data.frame(rank = rank, cophenetic = digits(cophcor(fit)), dispersion = digits(dispersion(fit)),
    silhouette_consensus = digits(s["silhouette.consensus"]), rss = digits(rss(fit, v)), user_s = round(time[["user.self"]], 1),
    elapsed_s = round(time[["elapsed"]], 1))
  labels[[paste0("rank", rank)]] <- as.integer(predict(fit))
  print(survey[[rank]])
}
save_table(do.call(rbind, survey), "survey")
save_table(labels, "labels")
writeLines(c(R.version.string, paste("NMF", packageVersion("NMF")), paste("cluster", packageVersion("cluster"))), file.path(folder, "R_nmf_versions.txt"))
