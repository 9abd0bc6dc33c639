"""A JupyterHub on one machine, whose users are users of the system: students, and one instructor with the course."""

c = get_config()  # noqa: F821 (given by traitlets)
c.JupyterHub.authenticator_class = "shared-password"  # for a trial; then PAM, OAuth or LTI
c.SharedPasswordAuthenticator.user_password = "only for a trial"
c.Authenticator.allowed_users = {"instructor", "ada", "ben"}
c.ConfigurableHTTPProxy.should_start = False  # it runs by itself, so that a restart of the hub disconnects nobody
c.Spawner.cmd = ["/opt/venv/bin/jupyterhub-singleuser"]
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab"
c.Spawner.environment = {
    "PATH": "/opt/venv/bin:/usr/local/bin:/usr/bin:/bin",
    "LEFTCONTEXT_EXCHANGE": "/srv/exchange",  # what the instructor's course uses, instead of a folder within it
    # What `leftcontext lab` sets: no question about news at the start, warm kernels, one thread for small matrices.
    "JUPYTER_CONFIG_PATH": "/opt/left-context/autograder/jupyter",
    "PYTHONSTARTUP": "/opt/left-context/autograder/jupyter/kernel_startup.py",
    "OPENBLAS_NUM_THREADS": "1",
}
