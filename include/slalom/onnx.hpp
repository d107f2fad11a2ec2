// SPDX-License-Identifier: Apache-2.0
// Export of a trained model to ONNX, preprocessing included, for onnxruntime and other runtimes.
#pragma once

#include <string>

#include <slalom/model.hpp>

namespace slalom {

struct OnnxOptions {
  bool float32 = false;  ///< numbers go in and come out as float32 instead of float64
};

/// Writes the whole model as one ONNX file: raw columns in, what Predictor::predict gives out. Inputs and outputs are
/// described in docs/formats.md. The output path is checked before the work; the file appears when it is complete.
/// Equal models give equal bytes. Throws OutputError (cannot be written) or DataError (over ONNX's limit of 2 GiB, two
/// columns of one name, parameters that do not fit the spec).
void export_onnx(const Model& model, const std::string& path, const OnnxOptions& options = {});

}  // namespace slalom
