extension MistakeTests {
    /// Values of the wrong type, out of range, or misspelt.
    static let values: [Mistake] = [
        change(
            ["steps": "\"8\""],
            "p/x.yaml:5:8: steps is \"8\" in quotes; expected a whole number of at least 1, without quotes"),
        change(["steps": "0"], "p/x.yaml:5:8: steps is 0; expected a whole number of at least 1"),
        change(["steps": "1e3"], "p/x.yaml:5:8: steps is 1e3; expected a whole number of at least 1"),
        change(["steps": "1_000"], "p/x.yaml:5:8: steps is 1_000; expected a whole number of at least 1"),
        change(
            ["steps": "99999999999999999999"],
            "p/x.yaml:5:8: steps is 99999999999999999999; expected a whole number from 1 to 1099511627776"),
        change(["steps": "null"], "p/x.yaml:5:8: steps is empty; expected a whole number of at least 1"),
        change(["seed": "-1"], "p/x.yaml:6:7: seed is -1; expected a whole number from 0 to 18446744073709551615"),
        change(["on_nan": "halt"], "p/x.yaml:6:9: on_nan is halt; expected stop, skip or {rewind: STEPS}"),
        change(
            ["on_nan": "{rewind: 5}"],
            "p/x.yaml:6:9: on_nan.rewind without checkpoint.every, so that there is nothing to go back to; expected checkpoint: {every: …}, or on_nan: stop"
        ),
        change(
            ["on_nan": "{rewind: -1}", "checkpoint": "{every: 5}"],
            "p/x.yaml:6:18: on_nan.rewind is -1; expected a whole number of at least 0"),
        change(
            ["deadlines": "{save: 0}"],
            "p/x.yaml:6:19: deadlines.save is 0; expected a number of seconds, from 1 to a year"),
        change(
            ["deadlines": "{heartbeat: 2}"],
            "p/x.yaml:6:24: deadlines.heartbeat is 2; expected a number of seconds, from 3 to a year"),
        change(["clip": "0"], "p/x.yaml:6:7: clip is 0; expected a number above 0, or null for no clipping"),
        change(["clip": ".nan"], "p/x.yaml:6:7: clip is .nan; expected a number above 0, or null for no clipping"),
        change(["clip": ".inf"], "p/x.yaml:6:7: clip is .inf; expected a number above 0, or null for no clipping"),
        change(["clip": "1e999"], "p/x.yaml:6:7: clip is 1e999; expected a number above 0, or null for no clipping"),
        change(
            ["schedule": "1fb1"],
            "p/x.yaml:6:11: schedule is 1fb1; expected 1f1b, gpipe, interleaved, zb-h1, zb-h2, zb-v, v-half, auto or {file: PATH}; did you mean \"1f1b\"?"
        ),
        change(
            ["schedule": "atuo"],
            "p/x.yaml:6:11: schedule is atuo; expected 1f1b, gpipe, interleaved, zb-h1, zb-h2, zb-v, v-half, auto or {file: PATH}; did you mean \"auto\"?"
        ),
        change(
            ["precision": "bf61"],
            "p/x.yaml:6:12: precision is bf61; expected f32, bf16, f16 or {f16: {…}}; did you mean \"bf16\"?"),
        change(
            ["partition": "parameter"],
            "p/x.yaml:6:12: partition is parameter; expected uniform, parameters, flops, profile, auto, type:REGEX or {cuts: [FIRST LAYER OF EACH STAGE BUT THE FIRST]}; did you mean \"parameters\"?"
        ),
        change(
            ["partition": "type:("],
            "p/x.yaml:6:12: partition is type:(; expected a regular expression behind type:, such as type:transformer"),
        change(
            ["partition": "{cuts: [1, 2]}"], "p/x.yaml:6:19: 2 cuts for 2 stages; expected 1, one less than devices"),
        change(
            ["partition": "{cuts: [3]}"], "p/x.yaml:6:20: partition.cuts.0 is 3; expected a whole number from 1 to 2"),
        change(
            ["partition": "{cuts: [1.mlp]}"],
            "p/x.yaml:6:20: cut 1.mlp, which is no place of layer 1 (relu); expected a layer's number: it is in one piece"
        ),
        change(
            ["partition": "{cuts: [7.mlp]}"],
            "p/x.yaml:6:20: a cut in layer 7; expected a layer from 0 to 2"),
        change(
            ["recompute": "{layers: [3]}"],
            "p/x.yaml:6:22: recompute.layers.0 is 3; expected a whole number from 0 to 2"),
        change(
            ["recompute": "{layers: [1, 1]}"],
            "p/x.yaml:6:25: layer 1 behind layer 1; expected layer numbers in rising order"),
        change(
            ["recompute": "{layers: [1], every: 1}"],
            "p/x.yaml:6:12: recompute is a mapping (layers and every); expected either every or layers"),
        change(
            ["partition": "{cut: [1]}"],
            "p/x.yaml:6:13: unknown key \"cut\" in partition; expected cuts; did you mean \"cuts\"?"),
        change(["devices": "[cpu:0, sim:0]"], "p/x.yaml:2:18: sim:0 beside cpu:0; expected devices of one kind"),
        change(
            ["devices": "[cpu]"],
            "p/x.yaml:2:11: unknown device \"cpu\"; expected cpu:CORE, cpu:FIRST-LAST or sim:NUMBER; did you mean \"cpu:0\"?"
        ),
        change(
            ["devices": "[cuda:0]"],
            "p/x.yaml:2:11: unknown device \"cuda:0\"; expected cpu:CORE, cpu:FIRST-LAST or sim:NUMBER"),
        change(
            ["devices": "[cpu:3-0]"],
            "p/x.yaml:2:11: devices.0 is cpu:3-0; expected cpu:CORE, cpu:FIRST-LAST or sim:NUMBER; did you mean \"cpu:0-3\"?"
        ),
        change(
            ["devices": "cpu:0"], "p/x.yaml:2:10: devices is cpu:0; expected a list of devices, such as [cpu:0, cpu:1]"),
        change(
            ["devices": "[]"],
            "p/x.yaml:2:10: devices is an empty list; expected a list of devices, such as [cpu:0, cpu:1]"),
        change(["by_hand": "[2]"], "p/x.yaml:6:11: by_hand.0 is 2; expected a whole number from 0 to 1"),
        change(["by_hand": "[1, 1]"], "p/x.yaml:6:14: rank 1 for the second time; expected it once"),
        change(
            ["optimizer": "adamm"],
            "p/x.yaml:6:12: optimizer is adamm; expected adamw, adam or sgd; did you mean \"adamw\"?"),
        change(["optimizer": "{adamw: {lr: 0}}"], "p/x.yaml:6:25: optimizer.adamw.lr is 0; expected a number above 0"),
        change(
            ["optimizer": "{adamw: {betas: [0.9, 1.0]}}"],
            "p/x.yaml:6:34: optimizer.adamw.betas.1 is 1.0; expected a number from 0 to below 1"),
        change(
            ["optimizer": "{adamw: {momentum: 0.9}}"],
            "p/x.yaml:6:21: unknown key \"momentum\" in optimizer.adamw; expected lr, betas, eps or weight_decay; did you mean \"optimizer.sgd.momentum\"?"
        ),
        change(
            ["optimizer": "{sgd: {nesterov: true}}"],
            "p/x.yaml:6:29: optimizer.sgd.nesterov is true, with momentum 0.0 and dampening 0.0; expected momentum above 0 and dampening 0 beside it"
        ),
        change(
            ["optimizer": "{sgd: {momentum: 0.9, nesterov: yes}}"],
            "p/x.yaml:6:44: optimizer.sgd.nesterov is yes; expected true or false; did you mean \"true\"?"),
        change(
            ["learning_rate": "{decay: cosin}"],
            "p/x.yaml:6:24: learning_rate.decay is cosin; expected constant, linear, cosine or wsd; did you mean \"cosine\"?"
        ),
        change(
            ["learning_rate": "{decay: {wsd: {decay_share: 0.2, decay_steps: 9}}}"],
            "p/x.yaml:6:31: learning_rate.decay.wsd.decay_share has no effect beside decay_steps; expected decay_steps and shape only"
        ),
        change(
            ["learning_rate": "{warmup_from: 0}"],
            "p/x.yaml:6:17: learning_rate.warmup_from has no effect without a decay; expected warmup and decay only"),
        change(
            ["metrics": "[csv, tensorbord]"],
            "p/x.yaml:6:16: metrics.1 is tensorbord; expected csv or tensorboard; did you mean \"tensorboard\"?"),
        change(["metrics": "[csv, csv]"], "p/x.yaml:6:16: csv for the second time; expected it once"),
        change(
            ["metrics": "null"],
            "p/x.yaml:6:10: metrics is empty; expected a list of csv and tensorboard, or [] for none of them"),
        change(
            ["model": "missing.yaml"],
            "p/x.yaml:1:8: cannot read p/missing.yaml: No such file or directory; expected a readable manifest"),
    ]
}
