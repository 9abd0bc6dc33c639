# The course in a container: JupyterLab for a learner, `leftcontext grade` for an instructor, the server of a hub's user.
#
#     docker build -t left-context .
#     docker run --rm -p 8888:8888 -v left-context:/workspace left-context
#
# PYTHON is any image with Python 3.11 or newer and its venv module.
ARG PYTHON=python:3.12-slim
FROM ${PYTHON}

# The packages first: this layer is built again only when the lock changes.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 LANG=C.UTF-8
WORKDIR /opt/left-context
COPY requirements.txt .
RUN python3 -m venv /opt/venv && pip install --no-cache-dir -r requirements.txt

COPY . .
RUN pip install --no-cache-dir --no-deps -e . \
    && mkdir -p /opt/venv/etc/jupyter \
    && echo '{"ServerApp": {"ip": "0.0.0.0"}}' > /opt/venv/etc/jupyter/jupyter_server_config.json

# Nothing of the course needs root, neither lessons nor grading.
RUN useradd --create-home --uid 1000 --shell /bin/bash learner \
    && mkdir /workspace && chown learner: /workspace
USER learner
WORKDIR /home/learner
EXPOSE 8888
CMD ["leftcontext", "lab", "--no-browser", "--port", "8888", "/workspace"]
