"""Raw data: downloaded, resumed, verified and unpacked, or asked for in words."""
