"""The Python interface: what `import fieldwright as fw` offers, above all packages."""
