"""From the listening socket to the application: the processes of ``coopkg serve``, and how they take requests."""
