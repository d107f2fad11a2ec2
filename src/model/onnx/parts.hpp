// SPDX-License-Identifier: Apache-2.0
// The three parts of an exported model, in the order in which data flows through them.
#pragma once

#include <slalom/model.hpp>
#include <slalom/onnx.hpp>

#include "model/onnx/graph.hpp"

namespace slalom::onnx_export {

/// Graph inputs for the raw columns, and the preprocessing that makes the features of them: float32 [N, n_features].
[[nodiscard]] Value add_features(GraphBuilder& graph, const Preprocessing& preprocessing, const OnnxOptions& options);

/// The layers: float32 features to raw outputs (logits, or predictions in stored-target units), float32 [N, n_outputs].
[[nodiscard]] Value add_network(GraphBuilder& graph, const Model& model, const Value& features);

/// The graph outputs: predictions in the target's units, or labels with probabilities or scores.
void add_outputs(GraphBuilder& graph, const Model& model, const Value& raw, const OnnxOptions& options);

}  // namespace slalom::onnx_export
