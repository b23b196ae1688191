"""What every command says of itself, so that help and completion import none. `make docs` writes it: change those."""

# ruff: noqa: E501
# fmt: off
from kubectl_rapt.cli.wording import Command, Flag

SHARED = (
    Flag(("--in",), "ENV", "Environment; by default yours, if it is not reviewed", False),
    Flag(("-n", "--namespace",), "NAME", "Namespace", False),
    Flag(("--context",), "NAME", "Kube context to use", False),
    Flag(("--kubeconfig",), "FILE", "Path of the kubeconfig file", False),
    Flag(("--as",), "USER", "User to impersonate", False),
    Flag(("--as-group",), "GROUP", "Group to impersonate (repeatable)", True),
    Flag(("--request-timeout",), "TIME", "Limit for one request; by default 30s, 0 means none", False),
    Flag(("-v", "--v",), "LEVEL", "Print requests (6) or also their bodies without secrets (8)", False),
)
COMMANDS = {
    "search": Command(
        "Templates", "Find templates in the registries", False,
        "Find templates in the registries.",
        "kubectl rapt search backup",
        (
            ("[WORD]", "Part of a name or summary; without it, all templates"),
        ),
        (
            Flag(("-o", "--output",), "wide|json|yaml|name", "Output format", False),
        ),
    ),
    "show": Command(
        "Templates", "Show a template: its parameters, its policies, and a command to try", False,
        "Show a template: parameters with types and defaults, policies, versions, and a command to try.",
        "kubectl rapt show http-check",
        (
            ("TEMPLATE", "The template: NAME, REGISTRY/NAME or NAME@VERSION"),
        ),
        (
            Flag(("-o", "--output",), "wide|json|yaml", "Output format", False),
        ),
    ),
    "registry": Command(
        "Templates", "List, add, update and verify registries", True,
        "List the registries by priority, as they were last fetched, and what is quarantined in them.",
        "kubectl rapt registry",
        (
        ),
        (
            Flag(("-o", "--output",), "wide|json|yaml|name", "Output format", False),
        ),
    ),
    "registry add": Command(
        "Templates", "Add a registry to rapt.yaml", False,
        "Add a registry to rapt.yaml, after reading it. --keys takes ssh keys, one on each line, or a PGP block; - is standard input.",
        "kubectl rapt registry add team https://git.example.com/platform/tools.git --priority 60",
        (
            ("NAME", "Its name in rapt.yaml"),
            ("URL", "The address of its git repository"),
        ),
        (
            Flag(("--priority",), "NUMBER", "If several registries have a template, the highest wins", False),
            Flag(("--branch",), "NAME", "Branch to read (default main)", False),
            Flag(("--keys",), "FILE", "File of public keys; one must sign each version (repeatable)", True),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "registry remove": Command(
        "Templates", "Remove a registry from rapt.yaml", False,
        "Remove a registry from rapt.yaml. It is refused while tools from that registry are installed.",
        "kubectl rapt registry remove team",
        (
            ("NAME", "The registry"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "registry update": Command(
        "Templates", "Fetch all registries and show what is new", False,
        "Fetch all registries and show which versions are new. A version that was moved is an error.",
        "kubectl rapt registry update",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "registry verify": Command(
        "Templates", "Check every version, and every lock in the config repository", False,
        "Check the tree, digest, tag and signature of every version, and every lock in the config repository.",
        "kubectl rapt registry verify",
        (
        ),
        (
            Flag(("-o", "--output",), "wide|json|yaml|name", "Output format", False),
        ),
    ),
    "template": Command(
        "Templates", "Write, test, release and publish templates", False,
        "Write, test, release and publish templates, in a checkout of a registry.",
        "kubectl rapt template new backup --from job.yaml",
        (
        ),
        (
        ),
    ),
    "template new": Command(
        "Templates", "Create a template, also from a Job or CronJob", False,
        "Create a template: a small one with a test of each kind, or one made from a Job or CronJob.",
        "kubectl rapt template new backup --from cronjob.yaml",
        (
            ("NAME", "Its name"),
        ),
        (
            Flag(("--from",), "FILE|-", "A Job or CronJob to make it from; - is standard input", False),
            Flag(("--summary",), "TEXT", "What it does, in one line", False),
            Flag(("--keep",), "NAME", "A literal that does not become a parameter (repeatable)", True),
            Flag(("--at-run",), "NAME", "A parameter that each run may set with run --set (repeatable)", True),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "template lint": Command(
        "Templates", "Report everything that is wrong with templates", False,
        "Report everything that is wrong with templates, with file and line.",
        "kubectl rapt template lint backup",
        (
            ("[NAME…]", "Templates or their folders; without it, all of this registry"),
        ),
        (
            Flag(("-o", "--output",), "json", "Output format", False),
        ),
    ),
    "template test": Command(
        "Templates", "Run the tests of templates", False,
        "Run the tests of templates.",
        "kubectl rapt template test backup --update",
        (
            ("[NAME…]", "Templates or their folders; without it, all of this registry"),
        ),
        (
            Flag(("--update",), "", "Rewrite golden files to what the templates render to now", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-o", "--output",), "json", "Output format", False),
            Flag(("--junit",), "FILE", "Also write the results as JUnit XML", False),
            Flag(("-w", "--watch",), "", "Run the tests again when a file of the registry changes", False),
        ),
    ),
    "template impact": Command(
        "Templates", "Show what a version would change in the tools that use the template", False,
        "Show what a version would change in every tool that uses the template, before anybody upgrades. Exits with 1 if a tool would break because an answer is missing or it does not render. Without --in, it looks at all environments.",
        "kubectl rapt template impact backup --repository git@git.example.com:platform/config.git",
        (
            ("NAME[@VERSION]", "The template as it is here, or a released version"),
        ),
        (
            Flag(("--repository",), "URL|PATH", "Config repository to look at; yours by default (repeatable)", True),
            Flag(("-o", "--output",), "json", "Output format", False),
        ),
    ),
    "template release": Command(
        "Templates", "Set versions and write them to the index", False,
        "Release templates: their versions and places in the index, once lint and tests pass.",
        "kubectl rapt template release backup --bump minor",
        (
            ("NAME…", "The templates, or their folders"),
        ),
        (
            Flag(("--bump",), "patch|minor|major", "Raise the version; by default, the one in template.yaml", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "template publish": Command(
        "Templates", "Push releases to the registry for review", False,
        "Push releases to the registry's repository, each on its own branch for review.",
        "kubectl rapt template publish backup",
        (
            ("NAME…", "The templates, or their folders"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "dev": Command(
        "Templates", "Try a template on this machine", True,
        "Try a template on this machine, with podman, Docker or a local cluster.",
        "kubectl rapt dev run backup --watch",
        (
        ),
        (
        ),
    ),
    "dev run": Command(
        "Templates", "Run a template with podman, Docker or a local cluster", False,
        "Render a template, run its pod on this machine, and say what differs from a cluster.",
        "kubectl rapt dev run templates/backup --set host=localhost --watch",
        (
            ("FOLDER", "A template's folder or name, or a tool in your cluster"),
        ),
        (
            Flag(("--set",), "NAME=VALUE", "Answer a parameter (repeatable)", True),
            Flag(("--env",), "NAME=VALUE", "Value of a variable that a Secret would set (repeatable)", True),
            Flag(("--mount",), "LOCAL:PATH", "Files that a volume would contain (repeatable)", True),
            Flag(("--with",), "podman|docker|cluster", "What runs it; by default, the first that answers", False),
            Flag(("-w", "--watch",), "", "Run it again when a file of the template changes", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "dev up": Command(
        "Templates", "Start a local cluster", False,
        "Start a local cluster: with kind if Docker answers, or else, in a Rapt that runs from source, its test cluster.",
        "kubectl rapt dev up",
        (
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "dev down": Command(
        "Templates", "Stop the cluster that dev up started", False,
        "Stop the cluster that dev up started. A cluster that was there before stays.",
        "kubectl rapt dev down",
        (
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "init": Command(
        "Config repository", "Set up a config repository and your settings", False,
        "Set up a config repository and your settings. If you repeat it, it adds what is missing.",
        "kubectl rapt init --local --dev shop-dev --prod shop-prod",
        (
            ("[REPOSITORY]", "An existing repository, https://… or user@host:path; by default, the one in your settings"),
        ),
        (
            Flag(("--local",), "", "Create a repository in your data folder", False),
            Flag(("--owners",), "NAME,…", "Reviewers, who are written to CODEOWNERS on a forge", False),
            Flag(("--dev",), "NAMESPACE", "Namespace of dev; else the one that kubectl uses", False),
            Flag(("--prod",), "NAMESPACE", "Namespace of prod; else the one that is named like dev's", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "add": Command(
        "Config repository", "Install a template as a tool in an environment", False,
        "Install a template as a tool in an environment. In a reviewed environment, this pushes a branch for review.",
        "kubectl rapt add http-check --in prod --set url=http://example.com --schedule '*/15 * * * *'",
        (
            ("TEMPLATE", "The template to install; with --image, the name of the tool"),
            ("[-- COMMAND…]", "Command to run, with --image"),
        ),
        (
            Flag(("--set",), "NAME=VALUE", "Answer a parameter (repeatable)", True),
            Flag(("--name",), "TOOL", "Name of the tool; by default, that of the template", False),
            Flag(("--image",), "IMAGE", "Run this image, with the command after --", False),
            Flag(("--schedule",), "CRON", "Run at these times, in cron syntax (repeatable)", True),
            Flag(("--time-zone",), "ZONE", "Time zone of the schedules", False),
            Flag(("--allow-literal",), "sha256:…", "The value with this digest is not a secret (repeatable)", True),
            Flag(("--replace",), "", "Replace the tool of that name: its template, answers and schedules go", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "Open the pull request as a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait until it is merged, then apply it to the cluster", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this time; 0 means never", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the objects", False),
        ),
    ),
    "set": Command(
        "Config repository", "Change a tool's answers, schedules or policies", False,
        "Change answers, schedules or policies in a tool's file, and nothing else in it.",
        "kubectl rapt set backup retention=30d --schedule '0 3 * * *' --in prod",
        (
            ("TOOL", "The tool"),
            ("[NAME=VALUE…] [NAME-…]", "Answers to set; NAME- resets one to its default"),
        ),
        (
            Flag(("--schedule",), "CRON", "Run at these times, in cron syntax (repeatable)", True),
            Flag(("--time-zone",), "ZONE", "Time zone of the schedules; by default, it is kept", False),
            Flag(("--no-schedule",), "", "Remove all schedules", False),
            Flag(("--retry",), "POLICY", "Retry policy; \"\" means the default", False),
            Flag(("--cleanup",), "POLICY", "Cleanup policy; \"\" means the default", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "Open the pull request as a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait until it is merged, then apply it to the cluster", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this time; 0 means never", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the rendered objects", False),
        ),
    ),
    "upgrade": Command(
        "Config repository", "Upgrade tools to newer versions of their templates", False,
        "Upgrade tools to newer versions of their templates, from the same registry. Their answers stay.",
        "kubectl rapt upgrade backup --in prod --to ^1.2",
        (
            ("[TOOL…]", "The tools"),
        ),
        (
            Flag(("--all",), "", "Every tool of the environment", False),
            Flag(("--to",), "VERSION", "Version or range: 1.2.0, ^1.2 or ~1.2; by default, the newest", False),
            Flag(("--set",), "NAME=VALUE", "Answer a new parameter (repeatable)", True),
            Flag(("--unset",), "NAME", "Drop the answer for a parameter that is gone (repeatable)", True),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "Open the pull request as a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait until it is merged, then apply it to the cluster", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this time; 0 means never", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "remove": Command(
        "Config repository", "Remove a tool from an environment", False,
        "Remove a tool from an environment. Its runs stay.",
        "kubectl rapt remove backup --in staging",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--from-namespace",), "NAME,…", "Only from these namespaces", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "Open the pull request as a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait until it is merged, then apply it to the cluster", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this time; 0 means never", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "share": Command(
        "Config repository", "Share a tool with namespaces and environments", True,
        "Share a tool with other namespaces or environments, as one change.",
        "kubectl rapt share backup --in prod --to-namespace team-a,team-b",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--to-namespace",), "NAME,…", "Namespaces to add; rapt.yaml must allow them", False),
            Flag(("--to-environment",), "ENV,…", "Environments to add it to", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "Open the pull request as a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait until it is merged, then apply it to the cluster", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this time; 0 means never", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "explain": Command(
        "Config repository", "Show the values of a tool and where each comes from", True,
        "Show the values of a tool and where each comes from.",
        "kubectl rapt explain backup retention --in prod",
        (
            ("TOOL", "The tool"),
            ("[KEY]", "One key, such as answers.url; without it, all"),
        ),
        (
            Flag(("-o", "--output",), "wide|json|yaml", "Output format", False),
        ),
    ),
    "history": Command(
        "Config repository", "Show the commits that changed a tool", True,
        "Show the commits that changed a tool or what rapt.yaml says of it, newest first.",
        "kubectl rapt history backup --in prod",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("-o", "--output",), "wide|json|yaml|name", "Output format", False),
        ),
    ),
    "diff": Command(
        "Config repository", "Show which fields a sync, an upgrade or a change would change", True,
        "Show which fields of a tool's objects the next sync would change, or what a flag asks for. Exits with 1 if something differs. The digest of the tool's file, which is in every object, is not compared.",
        "kubectl rapt diff backup --version ^1.3 --in prod",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--version",), "RANGE", "Show what an upgrade to this version would change", False),
            Flag(("--with",), "ENV", "Show how another environment differs", False),
            Flag(("--change",), "ID", "Show what an open change does", False),
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "render": Command(
        "Config repository", "Render again after you edited files by hand", True,
        "Render again after you edited rapt.yaml or the files of tools by hand. In a checkout of the config repository, this writes the files in rendered/. Elsewhere it makes a change, like other commands. Without --in, it renders all environments.",
        "kubectl rapt render",
        (
            ("[TOOL…]", "The tools; without it, all"),
        ),
        (
            Flag(("--path",), "FOLDER", "A checkout of the config repository; by default, the one you are in", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "check": Command(
        "Config repository", "Check that every tool renders to what is committed; for CI", False,
        "Check that every tool renders to exactly what is committed, and that it is valid. Run it in CI. In a checkout, this checks the files there; elsewhere, the newest commit of the config repository. Exits with 1 if something is wrong. Without --in, it checks all environments.",
        "kubectl rapt check",
        (
        ),
        (
            Flag(("--path",), "FOLDER", "A checkout of the config repository; by default, the one you are in", False),
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "schema": Command(
        "Config repository", "Print the JSON Schema of a file that people write", True,
        "Print the JSON Schema of rapt.yaml, of a tool's file or of a template.yaml, for an editor.",
        "kubectl rapt schema tool > tool.schema.json",
        (
            ("project|tool|template", "The kind of file"),
        ),
        (
        ),
    ),
    "changes": Command(
        "Config repository", "List, show and merge open changes", False,
        "List the changes that are not merged yet, and the state of each.",
        "kubectl rapt changes",
        (
        ),
        (
            Flag(("-o", "--output",), "wide|json|yaml|name", "Output format", False),
        ),
    ),
    "changes show": Command(
        "Config repository", "Show the state of a change and its diff", False,
        "Show the state of a change, its reviewers, and its diff.",
        "kubectl rapt changes show 7c1e42",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "changes open": Command(
        "Config repository", "Open the pull request of a change", False,
        "Open the pull request of a change, if it is missing, closed or a draft.",
        "kubectl rapt changes open 7c1e42",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "changes update": Command(
        "Config repository", "Render a change again on the current main branch", False,
        "Render a change again on the current main branch, and push the result to its branch.",
        "kubectl rapt changes update 7c1e42",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "changes abandon": Command(
        "Config repository", "Close a change without merging it", False,
        "Close the pull request of a change, and delete its branch.",
        "kubectl rapt changes abandon 7c1e42 -m 'not needed any more'",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("-m", "--message",), "TEXT", "Reason, as a comment on the pull request", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "changes merge": Command(
        "Config repository", "Merge a change, after rendering it on the current main branch", False,
        "Merge a change, after rendering it on the current main branch. On a forge, its rules apply.",
        "kubectl rapt changes merge 7c1e42",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait until it is merged, then apply it to the cluster", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this time; 0 means never", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "sync": Command(
        "Config repository", "Apply an environment to its cluster", False,
        "Apply an environment to its cluster, and delete what git no longer defines.",
        "kubectl rapt sync --in prod",
        (
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("--rollback",), "", "Allow a commit that is older than the applied one", False),
            Flag(("--overwrite",), "", "Apply rendered files even if they were edited by hand", False),
            Flag(("-o", "--output",), "name", "Print names only", False),
        ),
    ),
    "drift": Command(
        "Config repository", "Compare an environment's cluster with the config repository", False,
        "Compare an environment's cluster with the config repository. Exits with 1 if they differ.",
        "kubectl rapt drift --in prod",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "list": Command(
        "Tools and runs", "List the tools in the cluster", False,
        "List the tools in the cluster, or with --repository those in the config repository.",
        "kubectl rapt list --in prod",
        (
        ),
        (
            Flag(("-l", "--selector",), "SELECTOR", "Label selector, such as rapt.dev/environment=prod", False),
            Flag(("--field-selector",), "SELECTOR", "Field selector, such as status.state=Failed", False),
            Flag(("-A", "--all-namespaces",), "", "In all namespaces", False),
            Flag(("--sort-by",), "JSONPATH", "Sort by a field, such as .metadata.name", False),
            Flag(("--no-headers",), "", "Do not print the header line", False),
            Flag(("-o", "--output",), "FORMAT", "Output format: wide, json, yaml, name, jsonpath=…, custom-columns=…", False),
            Flag(("--repository",), "", "List the config repository, all environments", False),
            Flag(("--outdated",), "", "List those in git whose registry has a newer version", False),
        ),
    ),
    "run": Command(
        "Tools and runs", "Run a tool", False,
        "Run a tool. When it follows the run, it exits with the container's exit code.",
        "kubectl rapt run http-check --set url=http://example.com --follow",
        (
            ("TOOL", "The tool to run"),
        ),
        (
            Flag(("--set",), "NAME=VALUE", "Answer a parameter (repeatable)", True),
            Flag(("--set-file",), "NAME=PATH", "Answer a parameter with a file's text (repeatable)", True),
            Flag(("--answers",), "FILE", "File of answers, YAML or JSON; flags override it", False),
            Flag(("--env",), "K=V", "Set a variable that the tool allows (repeatable)", True),
            Flag(("--mount",), "LOCAL:PATH", "Mount a file or folder, up to 1 MiB (repeatable)", True),
            Flag(("--secret-mount",), "LOCAL:PATH", "Mount it as a Secret (repeatable)", True),
            Flag(("--matrix",), "NAME=A,B,…", "Start one run for each combination (repeatable)", True),
            Flag(("--parallel",), "N", "Runs of a matrix at the same time; by default 4", False),
            Flag(("--review",), "", "Ask for a review, and run after the merge", False),
            Flag(("--not-after",), "TIME", "Do not start a reviewed run after this; by default 24h", False),
            Flag(("-f", "--follow",), "", "Follow the run, or return at once; a terminal follows", False, "--detach"),
            Flag(("--wait",), "", "Follow without the log, with the run's exit code", False),
            Flag(("--timeout",), "TIME", "Stop following after this time; 0 means never", False),
            Flag(("--request-id",), "ID", "Id of the request; the same one never runs twice", False),
            Flag(("--dry-run",), "none|client|server", "Only show the Job; without a value: client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the Run; with --follow -o json, events", False),
            Flag(("--raw",), "", "Print the log unchanged, with control characters", False),
        ),
    ),
    "attach": Command(
        "Tools and runs", "Follow a run again", True,
        "Follow a run again: print its log, record how it ends, and retry it by its policy.",
        "kubectl rapt attach http-check-x7k2p",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "The run to follow; of a tool, the newest"),
        ),
        (
            Flag(("--wait",), "", "Follow without the log, with the run's exit code", False),
            Flag(("--timeout",), "TIME", "Stop following after this time; 0 means never", False),
            Flag(("-o", "--output",), "json", "Print one event on each line", False),
            Flag(("--raw",), "", "Print the log unchanged, with control characters", False),
        ),
    ),
    "retry": Command(
        "Tools and runs", "Add an attempt to a run that failed", False,
        "Add an attempt to a run that failed, with the same Job.",
        "kubectl rapt retry http-check-x7k2p --set memory=1Gi",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "The run to try again"),
        ),
        (
            Flag(("--set",), "NAME=VALUE", "Change an answer, memory or deadline (repeatable)", True),
            Flag(("--again",), "", "Also a run that succeeded: do its work again", False),
            Flag(("-f", "--follow",), "", "Follow the run, or return at once; a terminal follows", False, "--detach"),
            Flag(("--wait",), "", "Follow without the log, with the run's exit code", False),
            Flag(("--timeout",), "TIME", "Stop following after this time; 0 means never", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the Run", False),
            Flag(("--raw",), "", "Print the log unchanged, with control characters", False),
        ),
    ),
    "runs": Command(
        "Tools and runs", "List runs, newest first", False,
        "List runs, newest first. Those that schedules started are included.",
        "kubectl rapt runs http-check --status failed --since 24h",
        (
            ("[TOOL]", "Only this tool"),
        ),
        (
            Flag(("--status",), "STATUS,…", "Only these: pending, running, retrying, failed, dead, …", False),
            Flag(("--by",), "USER", "Only runs of this user; cron means schedules", False),
            Flag(("--since",), "TIME", "Only runs newer than 24h, 7d, …", False),
            Flag(("--older-than",), "TIME", "Only runs older than 24h, 7d, …", False),
            Flag(("-w", "--watch",), "", "Watch for changes, one line each", False),
            Flag(("-l", "--selector",), "SELECTOR", "Label selector, such as rapt.dev/environment=prod", False),
            Flag(("--field-selector",), "SELECTOR", "Field selector, such as status.state=Failed", False),
            Flag(("-A", "--all-namespaces",), "", "In all namespaces", False),
            Flag(("--sort-by",), "JSONPATH", "Sort by a field, such as .metadata.name", False),
            Flag(("--no-headers",), "", "Do not print the header line", False),
            Flag(("-o", "--output",), "FORMAT", "Output format: wide, json, yaml, name, jsonpath=…, custom-columns=…", False),
        ),
    ),
    "describe": Command(
        "Tools and runs", "Show everything about a tool or a run", False,
        "Show everything about a tool or a run.",
        "kubectl rapt describe http-check",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "What to describe"),
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name|jsonpath=…", "Print the object", False),
        ),
    ),
    "logs": Command(
        "Tools and runs", "Print the logs of a tool's newest run, a run, a job or a pod", False,
        "Print the logs of a tool's newest run, of all attempts of a run, of a job or of a pod.",
        "kubectl rapt logs http-check",
        (
            ("TOOL|RUN|job/NAME|pod/NAME…", "What to print the logs of"),
        ),
        (
            Flag(("-l", "--selector",), "SELECTOR", "Label selector, such as rapt.dev/environment=prod", False),
            Flag(("-f", "--follow",), "", "Follow the log to its end, with the run's exit code", False),
            Flag(("--tail",), "LINES", "Lines from the end; -1 means all (default -1)", False),
            Flag(("--attempt",), "N", "Only this attempt; by default, all", False),
            Flag(("-c", "--container",), "NAME", "Only this container", False),
            Flag(("--since",), "TIME", "Only lines newer than 5m, 2h, …", False),
            Flag(("--timestamps",), "", "Print the time of each line", False),
            Flag(("--raw",), "", "Print the log unchanged, with control characters", False),
        ),
    ),
    "schedule": Command(
        "Tools and runs", "Show what runs next, and what was missed", False,
        "Show what runs next, each in the time zone of its schedule, and what was missed.",
        "kubectl rapt schedule --in prod --next 20",
        (
        ),
        (
            Flag(("--tool",), "TOOL", "Only this tool", False),
            Flag(("--next",), "N", "How many times to show (default 10)", False),
            Flag(("--repository",), "", "List the config repository, all environments", False),
            Flag(("-l", "--selector",), "SELECTOR", "Label selector, such as rapt.dev/environment=prod", False),
            Flag(("-A", "--all-namespaces",), "", "In all namespaces", False),
            Flag(("--no-headers",), "", "Do not print the header line", False),
            Flag(("-o", "--output",), "wide|json|yaml|jsonpath=…", "Output format", False),
        ),
    ),
    "schedule suspend": Command(
        "Tools and runs", "Suspend a tool's schedules", False,
        "Suspend a tool's schedules until you resume them. A sync does not undo this.",
        "kubectl rapt schedule suspend backup",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--schedule",), "N", "Only its Nth schedule, from 1", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "schedule resume": Command(
        "Tools and runs", "Resume a tool's schedules", False,
        "Resume a tool's schedules.",
        "kubectl rapt schedule resume backup",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--schedule",), "N", "Only its Nth schedule, from 1", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "schedule trigger": Command(
        "Tools and runs", "Run a schedule now", False,
        "Run a tool now, with the answers of its schedule.",
        "kubectl rapt schedule trigger backup",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--schedule",), "N", "Only its Nth schedule, from 1", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-o", "--output",), "name", "Print the Run's name", False),
        ),
    ),
    "schedule backfill": Command(
        "Tools and runs", "Run a schedule for times that have passed", False,
        "Run a schedule for past times: one run for each time at which none ran. If only one run of the tool may run at a time, they take turns. Exits with 1 while some wait.",
        "kubectl rapt schedule backfill report --from 2026-11-01T00:00:00Z --dry-run",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--from",), "TIME", "First time, such as 2026-11-01T00:00:00Z (required)", False),
            Flag(("--to",), "TIME", "Last time; by default, now", False),
            Flag(("--schedule",), "N", "Only its Nth schedule, from 1", False),
            Flag(("--slot-as",), "NAME", "Set this parameter to the time of each run", False),
            Flag(("-y", "--yes",), "", "Do not ask, even for more than 20 runs", False),
            Flag(("--wait",), "", "Wait until the run of every time has started", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "why": Command(
        "Tools and runs", "Explain why a run ended as it did and where it came from", False,
        "Explain why a run ended as it did, and where it came from.",
        "kubectl rapt why job/http-check-x7k2p-1",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "What to explain"),
        ),
        (
            Flag(("--failed",), "", "List all failed runs with their causes; of a tool, if you name one", False),
            Flag(("-A", "--all-namespaces",), "", "With --failed: in all namespaces", False),
            Flag(("-o", "--output",), "wide|json|yaml", "Output format", False),
        ),
    ),
    "events": Command(
        "Tools and runs", "List the events of a run, its jobs and its pods", True,
        "List the events of a run, its jobs and their pods, in order of time.",
        "kubectl rapt events http-check",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "What to list; of a tool, its newest run"),
        ),
        (
            Flag(("-w", "--watch",), "", "Watch for new events", False),
            Flag(("-o", "--output",), "wide|json|yaml", "Output format", False),
        ),
    ),
    "timing": Command(
        "Tools and runs", "Show how long each phase of a run took, or compare versions of a tool", True,
        "Show how long each phase of a run took, or compare versions of a tool. Exits with 1 if one became slower.",
        "kubectl rapt timing http-check",
        (
            ("[TOOL|RUN|job/NAME|pod/NAME]", "What to measure; with --self, a command"),
        ),
        (
            Flag(("-w", "--watch",), "", "Measure CPU and memory until the run has ended", False),
            Flag(("--every",), "TIME", "Interval of --watch (default 5s)", False),
            Flag(("--self",), "", "Measure a command of kubectl rapt: start, imports, requests", False),
            Flag(("-o", "--output",), "wide|json", "Output format", False),
        ),
    ),
    "shell": Command(
        "Tools and runs", "Open a shell in a running container", True,
        "Open a shell in a running container. If its image has no shell, one is added beside it.",
        "kubectl rapt shell http-check-x7k2p",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "What to open the shell in"),
            ("[-- COMMAND…]", "What to run instead of a shell"),
        ),
        (
            Flag(("-c", "--container",), "NAME", "The container", False),
            Flag(("--image",), "IMAGE", "Add an ephemeral container with this image", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "debug": Command(
        "Tools and runs", "Open a shell in a copy of a run's pod", True,
        "Open a shell in a copy of a run's pod, whose command is not started. It does not count as a run.",
        "kubectl rapt debug http-check-x7k2p --after",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "The run to copy; of a tool, the newest"),
            ("[-- COMMAND…]", "What to run instead of a shell"),
        ),
        (
            Flag(("-c", "--container",), "NAME", "The container", False),
            Flag(("--attempt",), "NUMBER", "The attempt to copy; by default, the last", False),
            Flag(("--after",), "", "Run the command first, and keep the container if it fails", False),
            Flag(("--image",), "IMAGE", "Use this image for the container", False),
            Flag(("--for",), "TIME", "Delete it after this time (default 1h)", False),
            Flag(("--keep",), "", "Keep it after the shell ends", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "cancel": Command(
        "Tools and runs", "Stop a run", True,
        "Stop runs. Their pods get their grace period, and the runs are recorded as Cancelled.",
        "kubectl rapt cancel backup-x7k2p",
        (
            ("TOOL|RUN|job/NAME|pod/NAME…", "The runs; of a tool the newest"),
        ),
        (
            Flag(("-l", "--selector",), "SELECTOR", "Label selector, such as rapt.dev/environment=prod", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "dead": Command(
        "Tools and runs", "Repeat, export or delete runs that used up their attempts", True,
        "Repeat, export or delete runs that used up their attempts. List them with: kubectl rapt runs --status dead",
        "kubectl rapt dead replay backup-x7k2p --set memory=2Gi",
        (
        ),
        (
        ),
    ),
    "dead replay": Command(
        "Tools and runs", "Repeat dead runs as new runs, each once", False,
        "Repeat dead runs as new runs. The same replay with the same changes happens once, however often you type it. The new run has the same Job, with other memory or another deadline if you --set them. With another answer, it uses today's tool, the old answers, and these.",
        "kubectl rapt dead replay -l rapt.dev/tool=backup --set memory=2Gi",
        (
            ("RUN…", "The dead runs"),
        ),
        (
            Flag(("-l", "--selector",), "LABELS", "Label selector", False),
            Flag(("--set",), "NAME=VALUE", "Change an answer, memory or deadline (repeatable)", True),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "dead drop": Command(
        "Tools and runs", "Delete dead runs and their Jobs", False,
        "Delete dead runs and their Jobs, after showing them.",
        "kubectl rapt dead drop backup-x7k2p",
        (
            ("RUN…", "The dead runs"),
        ),
        (
            Flag(("-l", "--selector",), "LABELS", "Label selector", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-y", "--yes",), "", "Do not ask", False),
        ),
    ),
    "dead export": Command(
        "Tools and runs", "Write dead runs to files", False,
        "Write dead runs to files: manifest, answers, causes, evidence, and logs.",
        "kubectl rapt dead export -l rapt.dev/tool=backup --to incident-7",
        (
            ("RUN…", "The dead runs"),
        ),
        (
            Flag(("-l", "--selector",), "LABELS", "Label selector", False),
            Flag(("--to",), "DIR", "Folder to write to; by default, one in your data folder", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "clean": Command(
        "Tools and runs", "Delete finished Jobs and runs that no cleanup policy keeps", False,
        "Delete finished Jobs and runs that no cleanup policy keeps, after showing them.",
        "kubectl rapt clean backup --older-than 7d --status failed",
        (
            ("[TOOL…]", "Only these tools"),
        ),
        (
            Flag(("-l", "--selector",), "SELECTOR", "Label selector, such as rapt.dev/environment=prod", False),
            Flag(("--older-than",), "TIME", "Jobs that ended this long ago, whatever policies say", False),
            Flag(("--status",), "WORD,…", "Only these: succeeded, failed, cancelled, dead, notstarted", False),
            Flag(("--policy",), "NAME", "Use this cleanup policy instead of the tools' own", False),
            Flag(("--export",), "DIR", "Write manifests, causes and logs to this folder first", False),
            Flag(("-A", "--all-namespaces",), "", "In all namespaces", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-y", "--yes",), "", "Do not ask", False),
            Flag(("-o", "--output",), "wide|json|yaml|name", "Print the plan as data", False),
        ),
    ),
    "delete": Command(
        "Tools and runs", "Delete tools that are not in git", True,
        "Delete tools from a namespace, with their schedules and accounts. Their runs stay. A tool that is defined in git is refused: use kubectl rapt remove.",
        "kubectl rapt delete old-report",
        (
            ("TOOL…", "The tools"),
        ),
        (
            Flag(("-a", "--all",), "", "Delete all tools in the namespace", False),
            Flag(("--force",), "", "Delete tools even if they are running; the runs continue", False),
            Flag(("-y", "--yes",), "", "Do not ask", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "reconcile": Command(
        "Tools and runs", "Do everything that is due: retries, results, cleanup", False,
        "Do everything that is due, once: retry runs, record results, adopt failed Jobs of schedules, clean up.",
        "kubectl rapt reconcile -A",
        (
        ),
        (
            Flag(("-A", "--all-namespaces",), "", "In all namespaces", False),
            Flag(("--for",), "NAMESPACE,…", "In these namespaces: a,b", False),
            Flag(("--export",), "DIR", "Folder for evidence that policies export before deletion", False),
            Flag(("--webhook",), "URL", "Notify this URL of failures and recoveries; or set RAPT_WEBHOOK_URL", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-o", "--output",), "json|yaml", "Print what was done as data", False),
        ),
    ),
    "policy": Command(
        "Tools and runs", "List, show and simulate retry policies", True,
        "List the retry policies that tools in the namespace can use.",
        "kubectl rapt policy",
        (
        ),
        (
            Flag(("-o", "--output",), "wide|json|yaml|name", "Output format", False),
        ),
    ),
    "policy show": Command(
        "Tools and runs", "Show what a retry policy does", False,
        "Show a retry policy: which failures are retried, how often, and with what changes.",
        "kubectl rapt policy show transient --compiled",
        (
            ("NAME", "The policy"),
        ),
        (
            Flag(("--compiled",), "", "Show which part Kubernetes does and which part Rapt does", False),
            Flag(("-o", "--output",), "wide|json|yaml", "Output format", False),
        ),
    ),
    "policy simulate": Command(
        "Tools and runs", "Show what a policy would have done with past failures", False,
        "Show what a retry policy would have done with past failures.",
        "kubectl rapt policy simulate transient --since 7d",
        (
            ("NAME", "The policy"),
        ),
        (
            Flag(("--since",), "TIME", "How far back to look (default 7d)", False),
            Flag(("--tool",), "TOOL", "Only runs of this tool", False),
            Flag(("-o", "--output",), "wide|json|yaml", "Output format", False),
        ),
    ),
    "install": Command(
        "Administration", "Install Rapt's kinds and roles in a cluster", False,
        "Install Rapt's kinds and roles in a cluster. An administrator does this once for each cluster. With --reconciler, also install a CronJob that retries, records and cleans up in the namespaces of --for, and has rights only there: see docs/reconcile.md.",
        "kubectl rapt install --context admin@prod",
        (
        ),
        (
            Flag(("--reconciler",), "", "Also install a CronJob that reconciles regularly", False),
            Flag(("--for",), "NAMESPACE,…", "The namespaces that the CronJob reconciles: a,b", False),
            Flag(("-A", "--all-namespaces",), "", "The CronJob reconciles the whole cluster", False),
            Flag(("--image",), "IMAGE", "Rapt's image, for --reconciler", False),
            Flag(("--every",), "TIME", "How often the CronJob reconciles (default 1m)", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the objects", False),
        ),
    ),
    "config": Command(
        "Administration", "Show and change your own settings", True,
        "Show and change your own settings: the config repository, the default environment and kube contexts.",
        "kubectl rapt config view",
        (
        ),
        (
        ),
    ),
    "config view": Command(
        "Administration", "Show your settings, and where each comes from", False,
        "Show your settings, and where each comes from.",
        "kubectl rapt config view",
        (
        ),
        (
            Flag(("-o", "--output",), "wide|json|yaml", "Output format", False),
        ),
    ),
    "config set": Command(
        "Administration", "Change one of your settings", False,
        "Change one of your settings: the config repository, the default environment, a kube context, a forge's token.",
        "kubectl rapt config set contexts.prod prod-admin",
        (
            ("SETTING", "The setting: repository, environment, contexts.ENV or forges.HOST"),
            ("VALUE", "An address, an environment, a kube context or a variable's name"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "config unset": Command(
        "Administration", "Remove one of your settings", False,
        "Remove one of your settings.",
        "kubectl rapt config unset contexts.prod",
        (
            ("SETTING", "The setting: repository, environment, contexts.ENV or forges.HOST"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "status": Command(
        "Administration", "Show the state of Rapt in the cluster and what is broken", False,
        "Show the state of Rapt in the cluster. Exits with 1 if something is broken or drifted. It never asks a question.",
        "kubectl rapt status -A",
        (
            ("[TOOL]", "Only this tool"),
        ),
        (
            Flag(("-A", "--all-namespaces",), "", "In all namespaces", False),
            Flag(("-o", "--output",), "json|yaml|jsonpath=…", "Output format", False),
        ),
    ),
    "doctor": Command(
        "Administration", "Check your setup, and say how to fix it", False,
        "Check everything that Rapt needs: programs, repositories, the forge, the cluster, and your rights. Each line says ok, skipped, warning, or failed, and how to fix it. Exits with 1 if something failed.",
        "kubectl rapt doctor --in prod",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml|jsonpath=…", "Output format", False),
        ),
    ),
    "help": Command(
        "Administration", "Print the help of a command, or what an error means", True,
        "Print the help of a command, the flags of every command, or what an error means.",
        "kubectl rapt help errors no-tool",
        (
            ("[COMMAND…|flags|errors [CODE]]", "What to explain"),
        ),
        (
        ),
    ),
    "purge": Command(
        "Administration", "Delete everything of Rapt from a cluster", True,
        "Delete everything of Rapt from a cluster: tools, runs and their records, and Rapt's kinds. The config repository stays as it is. You must be an administrator.",
        "kubectl rapt purge --dry-run",
        (
        ),
        (
            Flag(("-y", "--yes",), "", "Do not ask for the cluster's name", False),
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "completion": Command(
        "Administration", "Set up tab completion", True,
        "Set up tab completion of commands, flags and names, for kubectl rapt and for kubectl-rapt.",
        "kubectl rapt completion install",
        (
        ),
        (
        ),
    ),
    "completion install": Command(
        "Administration", "Put kubectl_complete-rapt on your PATH", False,
        "Put kubectl_complete-rapt on your PATH. kubectl runs it to complete kubectl rapt. It is written beside kubectl-rapt, or into ~/.local/bin if that folder is not yours.",
        "kubectl rapt completion install",
        (
        ),
        (
            Flag(("--dry-run",), "none|client", "Only show what would be done; without a value: client", False),
        ),
    ),
    "completion bash": Command(
        "Administration", "Print the script for bash", False,
        "Print the completion script of kubectl-rapt for bash.",
        "kubectl rapt completion bash > ~/.local/share/bash-completion/completions/kubectl-rapt",
        (
        ),
        (
        ),
    ),
    "completion zsh": Command(
        "Administration", "Print the script for zsh", False,
        "Print the completion script of kubectl-rapt for zsh.",
        "kubectl rapt completion zsh > ~/.zfunc/_kubectl-rapt",
        (
        ),
        (
        ),
    ),
    "completion fish": Command(
        "Administration", "Print the script for fish", False,
        "Print the completion script of kubectl-rapt for fish.",
        "kubectl rapt completion fish > ~/.config/fish/completions/kubectl-rapt.fish",
        (
        ),
        (
        ),
    ),
    "version": Command(
        "Administration", "Print the version", True,
        "Print the version. With -o, the keys are those of kubectl version.",
        "kubectl rapt version -o json",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
}
