"""The commands of the MLproject, one file each."""
