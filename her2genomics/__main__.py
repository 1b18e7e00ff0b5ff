"""``python -m her2genomics`` is ``her2g``."""

from her2genomics.cli.main import main

if __name__ == "__main__":
    main()
