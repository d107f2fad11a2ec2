// SPDX-License-Identifier: Apache-2.0
// The benchmark program driven end to end: names, counters, checks and exit statuses. No time is asserted.
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

using nlohmann::json;

class BenchProgram : public CommandLine {
 protected:
  /// Runs what `filter` chooses, as briefly as possible.
  Outcome bench(const std::string& binary, const std::string& filter, const std::string& more = "") const {
    return shell("'" + binary + "' --benchmark_min_time=0.0001 --benchmark_out=out.json --benchmark_filter='" + filter +
                 "' " + more);
  }
  /// The benchmarks of the last run by name.
  [[nodiscard]] std::map<std::string, json> results() const {
    std::map<std::string, json> by_name;
    const json parsed = json::parse(read("out.json"));
    for (const json& one : parsed.at("benchmarks")) by_name[one.at("name")] = one;
    return by_name;
  }
};

constexpr const char* kBench = SLALOM_BENCH_BINARY;

TEST_F(BenchProgram, TimesTrainingOnBothHostBackends) {
  const Outcome run =
      bench(kBench, "^(Epoch|Step)/(linear|mlp-64-64)/(reference|cpu)/d:8/batch:256/adam/", "--threads=1");
  ASSERT_EQ(run.status, 0) << run.err << run.out;
  const auto found = results();
  for (const char* const model : {"linear", "mlp-64-64"}) {
    for (const char* const device : {"reference", "cpu"}) {
      for (const char* const timed : {"Epoch", "Step"}) {
        const std::string name = std::string(timed) + "/" + model + "/" + device + "/d:8/batch:256/adam/real_time";
        ASSERT_TRUE(found.contains(name)) << name;
        for (const char* const counter : {"samples/s", "bytes/s", "FLOP/s", "roofline%", "s/step"}) {
          EXPECT_GT(found.at(name).at(counter).get<double>(), 0.0) << name << ' ' << counter;
        }
      }
    }
  }
  EXPECT_EQ(found.size(), 8U);
}

TEST_F(BenchProgram, CountsWorkByTheFormulasOfItsDocumentation) {
  ASSERT_EQ(bench(kBench, "^Step/linear/cpu/d:8/batch:256/sgd/", "--threads=1").status, 0);
  const json result = results().begin()->second;
  const double samples = result.at("samples/s");
  EXPECT_NEAR(result.at("FLOP/s").get<double>() / samples, 4.0 * 8.0, 1e-6);           // forward and gradient
  EXPECT_NEAR(result.at("bytes/s").get<double>() / samples, 4.0 * (8.0 + 1.0), 1e-6);  // a row and its target
  EXPECT_NEAR(result.at("s/step").get<double>() * samples, 256.0, 1e-3);
}

TEST_F(BenchProgram, RunsEveryOtherTopic) {
  const Outcome run =
      bench(kBench,
            "^(Order/rows:20640/|Preprocess/fit/numeric:8/|Preprocess/apply/numeric:8/|Load/[a-z]+/rows:20000/|"
            "Optimizer/adam/cpu/n:1024/|Product/.*/rows:64/|Gather/.*/rows:16384/|Population/linear/cpu/|Workload.*/W1/"
            "cpu/threads:1/|"
            "Threads/mlp-64-64/.*/threads:1/)");
  ASSERT_EQ(run.status, 0) << run.err << run.out;
  std::set<std::string> topics;
  for (const auto& [name, result] : results()) {
    topics.insert(name.substr(0, name.find('/')));
    EXPECT_FALSE(result.contains("error_occurred")) << result;
  }
  EXPECT_EQ(topics, (std::set<std::string>{"Gather", "Load", "Optimizer", "Order", "Population", "Preprocess",
                                           "Product", "Threads", "Workload", "WorkloadSteps"}));
}

TEST_F(BenchProgram, SaysWhatTheMachineIs) {
  ASSERT_EQ(bench(kBench, "^Order/rows:20640/", "--threads=1").status, 0);
  const json context = json::parse(read("out.json")).at("context");
  EXPECT_EQ(context.at("threads"), "1");
  EXPECT_NE(context.at("roofline_1_thread").get<std::string>().find(" GB/s, "), std::string::npos);
  EXPECT_TRUE(context.contains("cuda_device"));
}

TEST_F(BenchProgram, DoesNotTimeAWrongBackend) {
  const Outcome run = bench(SLALOM_WRONG_BENCH_BINARY, "^(Epoch|Step)/linear/(reference|cpu)/d:8/batch:32/adam/");
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.err.find("slalom_bench: 2 failed checks"), std::string::npos) << run.err;
  for (const auto& [name, result] : results()) {
    const bool wrong = name.find("/cpu/") != std::string::npos;
    EXPECT_EQ(result.value("error_occurred", false), wrong) << name;
    if (!wrong) continue;
    EXPECT_NE(result.at("error_message").get<std::string>().find("the reference path's is"), std::string::npos);
  }
}

TEST_F(BenchProgram, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(shell(std::string(kBench) + " --threads=two").status, 64);
  EXPECT_EQ(shell(std::string(kBench) + " --no-such-flag").status, 64);
  EXPECT_EQ(bench(kBench, "^no such benchmark$").status, 64);
}

}  // namespace
}  // namespace slalom::testing
