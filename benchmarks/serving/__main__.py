"""`python -m benchmarks.serving`: what an answer of the endpoint costs beside other contenders."""

from benchmarks.serving.contenders import main

if __name__ == "__main__":
    main()
