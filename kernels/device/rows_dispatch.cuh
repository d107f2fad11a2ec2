// SPDX-License-Identifier: Apache-2.0
// From a shape known at run time to a kernel compiled for it.
#pragma once

#include <slalom/error.hpp>

#include "linear_plan.hpp"

namespace slalom::cuda {

/// Calls visit.template operator()<K, V, L>() for the shape's outputs, vectors and lanes: all that rows_shape() gives.
/// With several outputs L is 0: the number of lanes stays a run-time value, which costs little there and saves kernels.
template <class Visitor>
void with_rows_shape(const RowsShape& shape, Visitor&& visit) {
  const int lanes = shape.outputs == 1 ? shape.lanes : 0;
  switch (shape.outputs * 10000 + shape.vectors * 100 + lanes) {
    case 10101: return visit.template operator()<1, 1, 1>();
    case 10102: return visit.template operator()<1, 1, 2>();
    case 10104: return visit.template operator()<1, 1, 4>();
    case 10108: return visit.template operator()<1, 1, 8>();
    case 10208: return visit.template operator()<1, 2, 8>();
    case 10408: return visit.template operator()<1, 4, 8>();
    case 10416: return visit.template operator()<1, 4, 16>();
    case 10432: return visit.template operator()<1, 4, 32>();
    case 10832: return visit.template operator()<1, 8, 32>();
    case 40100: return visit.template operator()<4, 1, 0>();
    case 40200: return visit.template operator()<4, 2, 0>();
    case 40400: return visit.template operator()<4, 4, 0>();
    case 160100: return visit.template operator()<16, 1, 0>();
    default: throw Error(ExitCode::kSoftware, "internal error: no rows kernel of this shape");
  }
}

}  // namespace slalom::cuda
