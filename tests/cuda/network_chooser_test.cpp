// SPDX-License-Identifier: Apache-2.0
// Networks go to the engine that suits them, member by member; golden networks agree on the device.
#include "cuda/network_chooser.hpp"

#include "cuda/device_test.hpp"
#include "cuda/network_problem.hpp"
#include "golden/network_cases.hpp"

namespace slalom::testing {
namespace {

/// Remembers what it was asked for and does nothing.
class RecordingEngine : public cuda::DeviceEngine {
 public:
  struct Record {
    std::int64_t reserved = 0, reserved_for_prediction = 0;
    std::vector<std::int64_t> batches;
    std::vector<const cuda::MemberTask*> device_tasks;
    std::int64_t predicted = 0;
  };
  explicit RecordingEngine(Record& record) : record_(record) {}
  [[nodiscard]] std::string description() const override { return "recorder"; }
  void reserve(std::span<cuda::MemberTask> epochs) override { prepare(epochs); }
  void prepare(std::span<cuda::MemberTask> tasks) override {
    for (const cuda::MemberTask& task : tasks) {
      record_.reserved = std::max(record_.reserved, std::min(task.batch_size, task.n_rows));
    }
  }
  void reserve_prediction(std::int64_t rows) override { record_.reserved_for_prediction = rows; }
  void run(std::span<const cuda::MemberTask> tasks, const cuda::MemberTask* device_tasks, cudaStream_t) override {
    for (const cuda::MemberTask& task : tasks) record_.batches.push_back(task.batch_size);
    record_.device_tasks.push_back(device_tasks);
  }
  void predict(const float*, const cuda::DeviceFeatures&, const std::uint32_t*, std::int64_t n_rows, float*,
               cudaStream_t) override {
    record_.predicted += n_rows;
  }

 private:
  Record& record_;
};

cuda::NetworkChooser chooser_of(const ModelSpec& spec, RecordingEngine::Record& record, int& made) {
  const cuda::DeviceInfo device{.multiprocessors = 132, .shared_bytes_per_block = 232448};
  return {spec, device, [&record, &made] {
            ++made;
            return std::make_unique<RecordingEngine>(record);
          }};
}

TEST(NetworkChooser, GivesMembersThatDoNotFitToTheLargeEngine) {
  const ModelSpec spec{.kind = ModelKind::kMlp, .n_features = 900, .n_outputs = 10, .hidden = {64}};
  RecordingEngine::Record record;
  int made = 0;
  cuda::NetworkChooser chooser = chooser_of(spec, record, made);
  EXPECT_EQ(made, 0);
  std::vector<cuda::MemberTask> tasks(4);
  tasks[1] = {.n_rows = 100, .batch_size = 64};
  tasks[2] = {.n_rows = 0, .batch_size = 4096};
  tasks[3] = {.n_rows = 70, .batch_size = 128};
  chooser.prepare(tasks);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(record.reserved, 70);
  chooser.run(tasks, tasks.data(), nullptr);
  EXPECT_EQ(record.batches, (std::vector<std::int64_t>{64, 128}));
  EXPECT_EQ(record.device_tasks, (std::vector<const cuda::MemberTask*>{&tasks[1], &tasks[3]}));
  chooser.reserve_prediction(33);
  EXPECT_EQ(record.reserved_for_prediction, 33);
  chooser.predict(nullptr, {}, nullptr, 33, nullptr, nullptr);
  EXPECT_EQ(record.predicted, 33);
  EXPECT_EQ(made, 1);
}

TEST(NetworkChooser, SaysHowItTrains) {
  const ModelSpec spec{.kind = ModelKind::kMlp, .n_features = 13, .n_outputs = 1, .hidden = {64}};
  const auto description_of = [&](std::vector<std::int64_t> batch_sizes) {
    RecordingEngine::Record record;
    int made = 0;
    cuda::NetworkChooser chooser = chooser_of(spec, record, made);
    std::vector<cuda::MemberTask> epochs;
    for (const std::int64_t batch : batch_sizes) epochs.push_back({.n_rows = 100000, .batch_size = batch});
    chooser.reserve(epochs);
    EXPECT_EQ(record.reserved > 0, made == 1);
    return chooser.description();
  };
  EXPECT_EQ(description_of({}), "one block a member where it fits");
  EXPECT_EQ(description_of({64, 32}), "one block a member");
  EXPECT_EQ(description_of({50000}), "graphs of steps");
  EXPECT_EQ(description_of({64, 50000}), "one block a member where it fits");
}

class NetworkChooserTest : public DeviceTest {};

TEST_F(NetworkChooserTest, TrainsNetworksThatDoNotFitByGraphs) {
  NetworkProblem p;
  p.spec.n_features = 300;
  p.spec.hidden = {200};
  p.n_rows = 12;
  p.one_block = true;
  expect_follows_reference(p, 2e-5);
}

TEST_F(NetworkChooserTest, SplitsAPopulationWithoutChangingItsMembers) {
  NetworkProblem p;
  p.spec.n_features = 8;
  p.spec.hidden = {64, 64};
  const Dataset data = random_data(p.spec, 300);
  const std::vector<MemberConfig> members(3, {.optimizer = {.kind = OptimizerKind::kAdam}});
  const std::int64_t batches[] = {60, 300, 50};  // 300: too long a step for one block
  const auto train = [&](Backend& backend, std::int64_t member, std::int64_t batch) {
    backend.import_state(member, network_start(p.spec));
    run_steps(backend, member, data, batch, 0.01, 1);
    return backend.export_state(member).parameters;
  };
  const auto together = make_backend(DeviceKind::kCuda, p.spec, data, members);
  for (std::int64_t m = 0; m < 3; ++m) {
    const auto batch = batches[static_cast<std::size_t>(m)];
    const auto alone = make_backend(DeviceKind::kCuda, p.spec, data, {&members[0], 1});
    const auto graph = make_graph_backend(p.spec, data, {&members[0], 1});
    const std::vector<double> expected = train(*alone, 0, batch);
    EXPECT_EQ(train(*together, m, batch), expected);
    EXPECT_EQ(train(*graph, 0, batch) == expected, batch == 300) << "batch " << batch;
  }
}

class SmallNetworkGolden : public NetworkChooserTest {};

TEST_F(SmallNetworkGolden, GradientsMatchOnTheDevice) {
  if (shared_dir().empty()) GTEST_SKIP() << "the shared reference data is absent; SLALOM_SHARED names its folder";
  const nlohmann::json file = GoldenTest::read_golden("networks.json");
  std::size_t checked = 0;
  for (const auto& j : file.at("cases")) {
    if (make_case(j).spec.is_linear()) continue;
    check_case(j, DeviceKind::kCuda, 5e-6);
    ++checked;
  }
  EXPECT_EQ(checked, 8U);
}

}  // namespace
}  // namespace slalom::testing
