FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY src src
COPY models/micro models/micro
COPY models/nano models/nano
COPY vocabulary vocabulary
RUN pip install --no-cache-dir --prefix=/install '.[serve,docs,tables,fhir,ctml]'

FROM python:3.11-slim
COPY --from=build /install /usr/local
RUN useradd --system --uid 10001 oncogloss && install -d -o 10001 /data
VOLUME /data
USER 10001
ENV PYTHONDONTWRITEBYTECODE=1 XDG_DATA_HOME=/data
EXPOSE 8080
HEALTHCHECK CMD python -c "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8080/readyz', headers={'Host': 'localhost'}), timeout=3)"
ENTRYPOINT ["oncogloss", "serve", "--host", "0.0.0.0", "--port", "8080"]
CMD ["--keys", "/run/secrets/keys"]
