"""What runs where: services listed, scaled, restarted, deployed, through one interface with a backend for each home.

The only room that imports ``kubernetes``. It touches nothing but what carries the platform's labels, in its own
namespace.
"""
