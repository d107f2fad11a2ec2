# SPDX-License-Identifier: Apache-2.0
"""Prints as JSON what TensorBoard's own readers and plugins make of a folder of event files.

read_events.py FOLDER: {"runs": {run: {"scalars": {tag: [[step, value], ...]}, "texts": {tag: [[step, html], ...]}}},
"hparams": {name: type}, "sessions": {run: {"hparams": {...}, "metrics": {tag: last value}, "status": text}}}
"""
import json
import math
import sys

from google.protobuf.json_format import MessageToDict
from tensorboard import context
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups
from tensorboard.plugins.text import text_plugin
from tensorboard.util import tensor_util


def number(value):
    """JSON has no infinity: text instead."""
    return float(value) if math.isfinite(value) else str(value)


def runs_of(multiplexer):
    runs = {}
    for run, tags in multiplexer.Runs().items():
        scalars, texts = {}, {}
        for tag in tags["tensors"]:
            events = multiplexer.Tensors(run, tag)
            plugin = multiplexer.SummaryMetadata(run, tag).plugin_data.plugin_name
            values = [(e.step, tensor_util.make_ndarray(e.tensor_proto)) for e in events]
            if plugin == "scalars":
                scalars[tag] = [[step, number(value)] for step, value in values]
            elif plugin == "text":
                texts[tag] = [[step, text_plugin.text_array_to_html(value, True)] for step, value in values]
        runs[run] = {"scalars": scalars, "texts": texts}
    return runs


def main(folder):
    multiplexer = plugin_event_multiplexer.EventMultiplexer(purge_orphaned_data=True)
    multiplexer.AddRunsFromDirectory(folder)
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, folder)
    backend = backend_context.Context(base_plugin.TBContext(data_provider=provider, logdir=folder))
    request = context.RequestContext()
    experiment = get_experiment.Handler(request, backend, "", api_pb2.GetExperimentRequest()).run()
    groups = list_session_groups.Handler(
        request,
        backend,
        "",
        api_pb2.ListSessionGroupsRequest(
            slice_size=100,
            allowed_statuses=api_pb2.Status.values(),
            col_params=[{"metric": {"tag": info.name.tag}} for info in experiment.metric_infos],
        ),
    ).run()
    sessions = {}
    for group in groups.session_groups:
        for session in group.sessions:
            sessions[session.name] = {
                "hparams": {name: MessageToDict(value) for name, value in group.hparams.items()},
                "metrics": {value.name.tag: number(value.value) for value in session.metric_values},
                "status": api_pb2.Status.Name(session.status),
            }
    hparams = {info.name: api_pb2.DataType.Name(info.type) for info in experiment.hparam_infos}
    print(json.dumps({"runs": runs_of(multiplexer), "hparams": hparams, "sessions": sessions}))


main(sys.argv[1])
