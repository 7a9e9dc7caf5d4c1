import Datasets
package import Runs

/// Where the run is in its data: as many mini-batches on as it has steps, and as many again as it has left out.
extension RankRunner {
    /// The mini-batches of these steps are read next.
    func read(_ steps: Range<Int>) throws(DatasetError) {
        try feed?.read(steps.lowerBound + rewound.leftOut..<steps.upperBound + rewound.leftOut)
    }

    /// Of a run that went back: goes on with the data that it had not seen.
    func goBack(_ rewound: Rewound, last: Int) throws(DatasetError) {
        self.rewound = rewound
        try read(state.step..<last)
    }
}

extension StepState {
    /// What its run had left out of its data.
    /// - Parameter globalBatch: samples of a mini-batch.
    /// - Throws: where its counts do not fit each other.
    package func rewound(globalBatch: Int) throws(RunFailure) -> Rewound {
        let (trained, isBeyond) = step.multipliedReportingOverflow(by: globalBatch)
        guard !isBeyond, samples >= trained, (samples - trained).isMultiple(of: globalBatch) else {
            throw .badInput(
                "a checkpoint of \(step) steps says that \(samples) samples were read; expected \(globalBatch) a step, and "
                    + "whole mini-batches that were left out")
        }
        return Rewound(leftOut: (samples - trained) / globalBatch, count: rewinds)
    }
}
