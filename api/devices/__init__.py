"""Enrolled devices: machines that can be reached without a code, by whom and when their organisation says."""
