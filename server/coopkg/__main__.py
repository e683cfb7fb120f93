"""``python -m coopkg``: the same as the ``coopkg`` command."""

from coopkg.cli import main

if __name__ == "__main__":
    main()
