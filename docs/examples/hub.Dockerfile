# The image of the course with what a JupyterHub needs: the server of one user, nbgitpuller, git.
#
#     docker build -t left-context . && docker build -t left-context-hub -f docs/examples/hub.Dockerfile .
ARG COURSE=left-context
FROM ${COURSE}
USER root
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir -c /opt/left-context/requirements.txt jupyterhub==6.1.1 nbgitpuller==1.3.0

# nbgrader of students: where to fetch from and to submit to.
COPY docs/examples/hub_nbgrader_config.py /etc/jupyter/nbgrader_config.py
USER learner
