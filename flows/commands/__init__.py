"""What the commands of the console script do, apart from running a study."""
