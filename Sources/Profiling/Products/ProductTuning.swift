public import Coordination
public import Manifests
import Planning
public import Runs
import Systems

/// `products: tuned`: what has not been raced on this machine is raced, once.
public enum ProductTuning {
    /// The same pipeline with a table in place of `tuned`; one that goes on with the table of its run.
    ///
    /// Takes about a minute where something must be raced. Nothing is, where the pipeline has another mistake.
    /// - Parameter options: of a run that is to start.
    public static func settled(
        _ manifest: PipelineManifest, _ options: Coordinator.Options
    ) throws(RunFailure) -> PipelineManifest {
        let manifest = options.keepingChoices(of: manifest)
        guard manifest.products == .tuned else { return manifest }
        let plan = try TrainingPlan(manifest.beforeProfile)
        if plan.unracedProducts > 0, options.hosts == nil { try Preflight.check(plan) }
        return try settled(manifest)
    }

    /// - Throws: bad input: a device that does not exist; interrupted: by the user, or because a process ended.
    package static func settled(_ manifest: PipelineManifest) throws(RunFailure) -> PipelineManifest {
        guard manifest.products == .tuned else { return manifest }
        // The table is the same for all cuts.
        var even = manifest.beforeProfile
        even.partition = .uniform
        let plan = try TrainingPlan(even)
        let cache = ProfileCache.standard.products
        let contests = plan.productContests
        let missing = cache.choice(of: contests, manifest).missing
        if !missing.isEmpty {
            Interrupts.catchAll()
            Console.note(
                "racing the libraries for \(missing.count) sizes of matrix products, once on this machine; it takes "
                    + "about a minute")
            let results = try ProductRun.race(missing, on: manifest.distinctDevices, plan.manifest)
            let path = try cache.keep(results, for: manifest.productMachine)
            let won = results.filter { $0.library != nil }
            let best = won.map(\.gain).max() ?? 1
            Console.note(
                "clear winners: \(won.count) of \(results.count)"
                    + (won.isEmpty ? "" : ", up to \(best.ratioText) × as fast as usual") + "; kept in \(path)")
        }
        var settled = manifest
        settled.products = .table(cache.choice(of: contests, manifest).table)
        return settled
    }
}
