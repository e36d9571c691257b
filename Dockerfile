# Build: packages and the UI. Run: the same tree, as a user without rights, on Debian slim.
FROM node:22-bookworm-slim AS build
WORKDIR /app
RUN npm install --global deno@2.9.6
COPY deno.json deno.lock ./
RUN deno install --frozen
COPY . .
RUN deno task tapebook build-ui

FROM node:22-bookworm-slim
RUN npm install --global deno@2.9.6 && npm cache clean --force \
  && useradd --create-home --uid 10001 tapebook && mkdir /state && chown tapebook /state
WORKDIR /app
COPY --from=build --chown=tapebook /app /app
USER tapebook
ENV TAPEBOOK_HOME=/state TAPEBOOK_HOST=0.0.0.0 TAPEBOOK_PORT=5000
VOLUME /state
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+process.env.TAPEBOOK_PORT+'/health').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
CMD ["deno", "task", "start"]
