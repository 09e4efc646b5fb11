# Reference tables of the moderated t-test, made by R limma: Rscript make_limma.R FOLDER
# Values and designs are made here, so that the tables hold all that the test needs. Needs limma and statmod (Debian: r-bioc-limma r-cran-statmod).
suppressMessages({ library(limma); library(statmod) })
folder <- commandArgs(trailingOnly = TRUE)[1]
dir.create(folder, showWarnings = FALSE, recursive = TRUE)
number <- function(x, digits = 17) format(x, digits = digits, trim = TRUE, scientific = TRUE)
save <- function(x, name, ...) {
  x <- as.data.frame(x)
  x[] <- lapply(x, number, ...)
  write.table(x, file.path(folder, name), sep = "\t", quote = FALSE, row.names = FALSE)
}
tables <- function(name, fit, columns, only = columns)
  for (j in match(only, columns))
    save(data.frame(coefficient = fit$coefficients[, j], t = fit$t[, j], p = fit$p.value[, j], df_total = fit$df.total, s2_post = fit$s2.post,
                    df_prior = rep(fit$df.prior, length.out = nrow(fit)), s2_prior = rep(fit$s2.prior, length.out = nrow(fit))),
         paste0(name, ".", columns[j], ".tsv"))
case <- function(name, y, design, only = colnames(design), ...) tables(name, eBayes(lmFit(y, design), ...), colnames(design), only)
values <- function(name, y) save(y, paste0(name, ".values.tsv"), digits = 6)
# limma stops its search for the robust prior's degrees of freedom at 1e-8; searched to the end, the tables can be compared to 1e-8. "many_stock" is limma as it is.
stock <- limma:::fitFDistRobustly
exact <- stock
body(exact) <- parse(text = sub("tol = 1e-08", "tol = 1e-15", deparse(body(stock)), fixed = TRUE))[[1]]
stopifnot(!identical(body(exact), body(stock)))
use <- function(f) { environment(f) <- asNamespace("limma"); assignInNamespace("fitFDistRobustly", f, "limma") }
use(exact)
set.seed(1)
n <- 24; G <- 60
age <- round(runif(n, 20, 80)); sex <- rep(0:1, length.out = n)
design <- cbind(intercept = 1, age = age, sex = sex)
save(design, "design.tsv")
s2 <- 0.2 * 5 / rchisq(G, 5)
y <- matrix(rnorm(G * n), G) * sqrt(s2) + 5
y[1:5, ] <- y[1:5, ] + outer(rep(0.05, 5), age)
y[6:9, ] <- y[6:9, ] + outer(rep(1.5, 4), sex)
colnames(y) <- paste0("s", 1:n)
y <- signif(y, 6); values("plain", y); case("plain", y, design)
holes <- y; holes[sample(length(holes), 80)] <- NA; holes[10, 5:n] <- NA; holes[11, sex == 1] <- NA; holes[12, ] <- NA; holes[13, 4:n] <- NA
values("missing", holes); case("missing", holes, design, c("age", "sex"))
case("missing_robust", holes, design, c("age", "sex"), robust = TRUE)
same <- signif(matrix(rnorm(G * n), G), 6); colnames(same) <- colnames(y)
values("infinite", same); case("infinite", same, design, "age")     # equal variances: the prior's degrees of freedom are infinite
some <- same; some[7, ] <- signif(some[7, ] * 5, 6)
values("infinite_robust", some); case("infinite_robust", some, design, "age", robust = TRUE)  # ... but for one wild gene
mean_level <- seq(2, 12, length.out = G)
trended <- matrix(rnorm(G * n), G) * sqrt(exp(-mean_level / 4) * 5 / rchisq(G, 5)) + mean_level
colnames(trended) <- colnames(y)
trended <- signif(trended, 6); values("trend", trended); case("trend", trended, design, c("age", "sex"), trend = TRUE)
wild <- y; wild[c(20, 40), ] <- signif(wild[c(20, 40), ] + matrix(rnorm(2 * n, sd = 6), 2), 6)
values("robust", wild); case("robust", wild, design, c("age", "sex"), robust = TRUE)
both <- trended; both[c(20, 40), ] <- signif(both[c(20, 40), ] + matrix(rnorm(2 * n, sd = 6), 2), 6)
values("trend_robust", both); case("trend_robust", both, design, "age", trend = TRUE, robust = TRUE)
G <- 400                                                             # enough genes for the local regression to interpolate
big_level <- sort(runif(G, 0, 12))
big <- matrix(rnorm(G * n), G) * sqrt(exp(-big_level / 5) * 4 / rchisq(G, 4)) + big_level; big[seq(10, G, 40), ] <- big[seq(10, G, 40), ] * 3
big <- signif(big, 5); colnames(big) <- colnames(y); save(big[, 1:12], "many.values.tsv", digits = 5)
case("many", big[, 1:12], design[1:12, ], "age", trend = TRUE, robust = TRUE)
use(stock); case("many_stock", big[, 1:12], design[1:12, ], "age", trend = TRUE, robust = TRUE); use(exact)
tissue <- factor(rep(c("blood", "skin", "liver"), length.out = n), levels = c("blood", "liver", "skin"))
factors <- model.matrix(~ tissue + age); colnames(factors) <- c("intercept", "liver", "skin", "age")
save(factors, "contrast.design.tsv")
weights <- cbind(skin_liver = c(0, -1, 1, 0), mean_blood = c(0, 0.5, 0.5, 0))
tables("contrast", eBayes(contrasts.fit(lmFit(y, factors), weights)), colnames(weights))
writeLines(c(R.version.string, paste("limma", packageVersion("limma")), paste("statmod", packageVersion("statmod"))), file.path(folder, "versions.txt"))
