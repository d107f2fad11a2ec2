# SPDX-License-Identifier: Apache-2.0
"""What bench/compare_peers.py compares: workloads, and the programs that train them."""
