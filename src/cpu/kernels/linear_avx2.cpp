// SPDX-License-Identifier: Apache-2.0
// The passes of linear models for x86 with AVX2.
#include "cpu/kernels/linear_gradient.hpp"
#include "cpu/kernels/linear_update.hpp"

namespace slalom::cpu {

extern const LinearKernels kLinearAvx2{
    .gradient = choose_gradient, .update = choose_update, .all_finite = finite_pass, .add = add_pass};

}  // namespace slalom::cpu
