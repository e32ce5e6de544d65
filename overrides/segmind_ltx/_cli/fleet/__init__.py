"""The commands of a fleet. They need the extra ``fleet``."""
