extension RunDirectory {
    /// The same figures as in `metrics.jsonl`, as a table.
    package var tablePath: String { path + "/metrics.csv" }
    /// The folder of TensorBoard's event files.
    package var tensorBoardPath: String { path + "/tensorboard" }
}
