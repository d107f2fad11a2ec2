// SPDX-License-Identifier: Apache-2.0
// Records by stream capture.
#include "cuda/graph.hpp"

#include <vector>

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

std::int64_t count_kernels(cudaGraph_t graph) {
  std::size_t n = 0;
  SLALOM_CHECK(cudaGraphGetNodes(graph, nullptr, &n));
  std::vector<cudaGraphNode_t> nodes(n);
  SLALOM_CHECK(cudaGraphGetNodes(graph, nodes.data(), &n));
  std::int64_t kernels = 0;
  for (cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type{};
    SLALOM_CHECK(cudaGraphNodeGetType(node, &type));
    if (type == cudaGraphNodeTypeKernel) ++kernels;
  }
  return kernels;
}

}  // namespace

RecordedGraph::RecordedGraph(cudaStream_t stream, const std::function<void()>& enqueue) {
  cudaGraph_t made = nullptr;
  // Relaxed: libraries and the runtime may load code, and with it memory, when a kernel is first used.
  SLALOM_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  try {
    enqueue();
  } catch (...) {
    static_cast<void>(cudaStreamEndCapture(stream, &made));
    const Graph dropped(made);
    throw;
  }
  SLALOM_CHECK(cudaStreamEndCapture(stream, &made));
  const Graph graph(made);
  kernel_nodes_ = count_kernels(made);
  cudaGraphExec_t executable = nullptr;
  SLALOM_CHECK(cudaGraphInstantiate(&executable, made, 0));
  executable_.reset(executable);
}

void RecordedGraph::upload(cudaStream_t stream) const { SLALOM_CHECK(cudaGraphUpload(executable_.get(), stream)); }

void RecordedGraph::launch(cudaStream_t stream) const { SLALOM_CHECK(cudaGraphLaunch(executable_.get(), stream)); }

}  // namespace slalom::cuda
