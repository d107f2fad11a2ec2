// SPDX-License-Identifier: Apache-2.0
// From a number type known at run time to the C++ type that kernels are instantiated with.
#pragma once

#include <cuda_bf16.h>

#include "matrix.hpp"

namespace slalom::cuda {

/// Calls visit.template operator()<T>() with T = float or __nv_bfloat16.
template <class Visitor>
void with_number(Number number, Visitor&& visit) {
  if (number == Number::kFloat32) {
    visit.template operator()<float>();
  } else {
    visit.template operator()<__nv_bfloat16>();
  }
}

}  // namespace slalom::cuda
