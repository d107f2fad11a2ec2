// SPDX-License-Identifier: Apache-2.0
// Device code that must not compile, because nvcc warns of it.
__global__ void kernel() { int unused; }
