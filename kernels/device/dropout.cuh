// SPDX-License-Identifier: Apache-2.0
// The dropout key of the current step of a task.
#pragma once

#include "activation.cuh"
#include "core/dropout.hpp"

namespace slalom::cuda {

__device__ inline core::DropoutKey dropout_key(const DropoutArguments& dropout) {
  const StepControl& control = *dropout.control;
  return {.seed = control.task.seed,
          .stream = control.task.stream,
          .layer = dropout.layer,
          .step = control.task.first_step + control.step};
}

}  // namespace slalom::cuda
