// SPDX-License-Identifier: Apache-2.0
// C++ that must not compile, because the compiler warns of it.
int zero(int unused) { return 0; }
