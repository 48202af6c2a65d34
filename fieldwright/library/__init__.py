"""The face for Python: what `import fieldwright as fw` offers, above all packages."""
