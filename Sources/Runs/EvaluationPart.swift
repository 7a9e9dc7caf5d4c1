extension WorkerMessage {
    /// What one worker tells of an evaluation.
    package struct EvaluationPart: Equatable {
        /// Steps that were done before it.
        package var step: Int
        /// Σ of the held-out targets' losses, part by part and lane by lane; on the last stage only.
        package var lossSums: [Double]
        /// How many targets that sum counts; on the first stage only.
        package var targetCount: Int?
        /// How long it took the rank.
        package var nanoseconds: UInt64

        package init(step: Int, lossSums: [Double], targetCount: Int?, nanoseconds: UInt64) {
            self.step = step
            self.lossSums = lossSums
            self.targetCount = targetCount
            self.nanoseconds = nanoseconds
        }

        init(_ bytes: inout ByteReader) throws(MessageError) {
            step = try bytes.count()
            lossSums = try bytes.doubles()
            targetCount = try bytes.optionalDouble().flatMap { Int(exactly: $0) }
            nanoseconds = try bytes.word()
        }

        func encode(into bytes: inout ByteWriter) {
            bytes.put(step)
            bytes.put(lossSums)
            bytes.put(targetCount.map(Double.init))
            bytes.put(nanoseconds)
        }
    }
}
