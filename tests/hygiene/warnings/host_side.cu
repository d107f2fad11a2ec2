// SPDX-License-Identifier: Apache-2.0
// The host's side of a CUDA source that must not compile, because the host's compiler warns of it.
int zero(int unused) { return 0; }
