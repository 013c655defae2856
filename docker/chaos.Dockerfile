# The image of a node with libfaketime beside it. Built by docker/chaos-image. Nothing is preloaded
# unless the harness says so when it makes a container.
ARG IMAGE
FROM ${IMAGE}

USER root
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libfaketime \
    && rm -rf /var/lib/apt/lists/* \
    && ln -s /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/local/lib/libfaketime.so
USER capstan
