# The command line of her2genomics. Build in the root of the checkout: docker build -t her2genomics:0.1.0 .
FROM python:3.11.13-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/her2genomics
ENV PATH=/opt/her2genomics/bin:$PATH
COPY docker/constraints.txt docker/constraints.txt
COPY pyproject.toml README.md LICENSE ./
COPY panels panels
COPY examples/gdph_like examples/gdph_like
COPY her2genomics her2genomics
# wheels only: no compiler is needed, and nothing is built that was not tested
RUN pip install --constraint docker/constraints.txt --only-binary :all: --no-binary her2genomics .

FROM python:3.11.13-slim-bookworm

LABEL org.opencontainers.image.title="her2genomics" \
      org.opencontainers.image.description="Somatic panel sequencing of breast cancer by HER2 status" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --create-home --uid 1000 her2g
COPY --from=build /opt/her2genomics /opt/her2genomics
ENV PATH=/opt/her2genomics/bin:$PATH \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1
USER 1000
WORKDIR /data
ENTRYPOINT ["her2g"]
CMD ["--help"]
