// SPDX-License-Identifier: Apache-2.0
// Chooses the engine.
#include "cuda/engine.hpp"

#include <slalom/error.hpp>

namespace slalom::cuda {

std::unique_ptr<DeviceEngine> make_engine(const DeviceInfo&, const ModelSpec& spec, std::int64_t) {
  throw DeviceError("--device cuda: this version of slalom does not train " +
                    std::string(spec.is_linear() ? "models without hidden layers" : "networks") +
                    " on a CUDA device; use --device cpu");
}

}  // namespace slalom::cuda
