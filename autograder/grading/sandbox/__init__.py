"""What holds a student's process: its limits, its view of the machine, and what it may ask of the kernel.

Four rungs (see `rungs`): limits, Landlock and seccomp; namespaces with a read-only view; cgroups; a container.
"""
