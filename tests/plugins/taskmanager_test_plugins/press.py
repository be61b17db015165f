"""A plugin that does with its files all the interface allows."""

from taskmanager.plugins import ExistingParameters, JobContext, PluginManifest, parse_parameters


class Press:
    """Writes one result for each page, beside those of other jobs or, by `turn`, in its place."""

    manifest = PluginManifest(
        name="press",
        title="Press",
        job_type="PRESS",
        parameters=ExistingParameters.model_json_schema(),
        templates=("print", "turn"),
        template_default="print",
        templates_in_place=("turn",),
    )

    def run(self, context: JobContext) -> None:
        """Results say which page they are of."""
        existing = parse_parameters(ExistingParameters, context.spec.parameters).existing
        suffix = None if context.template == "turn" else ".out"
        targets = {file: context.output / (file.stem + (suffix or file.suffix)) for file in context.files()}
        context.existing(existing, targets.values())
        for number, (file, target) in enumerate(targets.items()):
            context.checkpoint()
            context.progress(number, len(targets), file.name)
            target.write_bytes(b"printed " + file.read_bytes())
        context.progress(len(targets), len(targets))
