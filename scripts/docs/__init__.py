"""Make the site.

This file makes the folder a package, so that neither the folder ``docs`` nor a ``docs`` of some wheel is taken for it.
"""
