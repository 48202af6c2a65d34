"""What is found out about a folder of runs before there is a study of them."""
