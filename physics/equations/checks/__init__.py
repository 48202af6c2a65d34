"""What must hold of an equation before it is trained, each said in a sentence."""
