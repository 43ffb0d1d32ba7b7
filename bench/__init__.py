"""Measures this book beside a stock Jupyter Book, and how it grows. By hand, ``make bench``; never in a test."""
