"""The SSH transport, on paramiko: connecting, pooling, executing. The only room that imports paramiko."""
