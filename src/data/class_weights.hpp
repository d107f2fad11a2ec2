// SPDX-License-Identifier: Apache-2.0
// How much the rows of a class count.
#pragma once

#include <slalom/preprocess.hpp>

#include "data/class_names.hpp"

namespace slalom::data {

/// Sets preprocessing.class_weights as options ask; leaves them as they are if options do not. `counts`: of the training
/// rows, in any order, classes without rows may lack. Throws UsageError for an unknown class.
void fit_class_weights(Preprocessing& preprocessing, const ClassCounts& counts, const Column& column,
                       const PreprocessOptions& options);

}  // namespace slalom::data
