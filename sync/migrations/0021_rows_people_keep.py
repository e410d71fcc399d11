import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0020_say_what_a_change_of_a_contract_is"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BundleMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "crm_product",
                    models.CharField(help_text="The bundle exactly as it stands on the deal.", max_length=120),
                ),
                (
                    "parts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        help_text="The products it is made of, as the CRM names them.",
                        size=None,
                    ),
                ),
                (
                    "shares",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=4, max_digits=7),
                        help_text="Percent of the price, one for each part; together 100.",
                        size=None,
                    ),
                ),
            ],
            options={
                "ordering": ["crm_product", "-valid_from"],
            },
        ),
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "rate_type",
                    models.CharField(
                        choices=[
                            ("spot", "Of the day"),
                            ("average", "Average of the month"),
                            ("closing", "At the month's end"),
                        ],
                        default="spot",
                        max_length=8,
                    ),
                ),
                ("from_currency", models.CharField(max_length=3)),
                ("to_currency", models.CharField(max_length=3)),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=10, help_text="Units of the second for one of the first.", max_digits=20
                    ),
                ),
                ("source", models.CharField(help_text="Who published it, such as ECB.", max_length=60)),
                ("as_of", models.DateField(help_text="The day it was published for.")),
            ],
            options={
                "ordering": ["from_currency", "to_currency", "rate_type", "-valid_from"],
            },
        ),
        migrations.CreateModel(
            name="HistoricalBundleMapping",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "crm_product",
                    models.CharField(help_text="The bundle exactly as it stands on the deal.", max_length=120),
                ),
                (
                    "parts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        help_text="The products it is made of, as the CRM names them.",
                        size=None,
                    ),
                ),
                (
                    "shares",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=4, max_digits=7),
                        help_text="Percent of the price, one for each part; together 100.",
                        size=None,
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical bundle mapping",
                "verbose_name_plural": "historical bundle mappings",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalExchangeRate",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "rate_type",
                    models.CharField(
                        choices=[
                            ("spot", "Of the day"),
                            ("average", "Average of the month"),
                            ("closing", "At the month's end"),
                        ],
                        default="spot",
                        max_length=8,
                    ),
                ),
                ("from_currency", models.CharField(max_length=3)),
                ("to_currency", models.CharField(max_length=3)),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=10, help_text="Units of the second for one of the first.", max_digits=20
                    ),
                ),
                ("source", models.CharField(help_text="Who published it, such as ECB.", max_length=60)),
                ("as_of", models.DateField(help_text="The day it was published for.")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical exchange rate",
                "verbose_name_plural": "historical exchange rates",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTaxCertificate",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "customer_reference",
                    models.CharField(help_text="The customer, such as customer:0015g00000AbCdEAAV.", max_length=120),
                ),
                (
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                ("number", models.CharField(max_length=60)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical tax certificate",
                "verbose_name_plural": "historical tax certificates",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTaxCode",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                ("tax_class", models.CharField(help_text="As product mappings name it.", max_length=40)),
                (
                    "treatment",
                    models.CharField(
                        choices=[
                            ("standard", "Taxed where it is used"),
                            ("reverse_charge", "The customer accounts for the tax"),
                            ("exempt", "Exempt by certificate"),
                            ("not_registered", "Not taxed: below the threshold, no registration"),
                        ],
                        default="standard",
                        max_length=16,
                    ),
                ),
                ("percent", models.DecimalField(decimal_places=4, max_digits=7)),
                (
                    "billing_code",
                    models.CharField(blank=True, help_text="The tax rate's id in billing.", max_length=120),
                ),
                ("erp_code", models.CharField(help_text="The tax code's id in the ERP.", max_length=120)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical tax code",
                "verbose_name_plural": "historical tax codes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTaxIdCheck",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "customer_reference",
                    models.CharField(help_text="The customer, such as customer:0015g00000AbCdEAAV.", max_length=120),
                ),
                ("tax_id", models.CharField(max_length=60)),
                ("consultation", models.CharField(help_text="The authority's own number of the check.", max_length=60)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical tax id check",
                "verbose_name_plural": "historical tax id checks",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTaxRegistration",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                (
                    "standing",
                    models.CharField(
                        choices=[
                            ("registered", "Registered"),
                            ("below_threshold", "Not registered, below the threshold"),
                        ],
                        default="registered",
                        max_length=16,
                    ),
                ),
                ("number", models.CharField(blank=True, help_text="Our registration number there.", max_length=40)),
                (
                    "threshold",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="Net sales a calendar year from which we must register.",
                        max_digits=20,
                        null=True,
                    ),
                ),
                ("threshold_currency", models.CharField(blank=True, max_length=3)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical tax registration",
                "verbose_name_plural": "historical tax registrations",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="SalesOrderLineRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line_id", models.CharField(max_length=40)),
                ("description", models.CharField(max_length=200)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("erp_item", models.CharField(max_length=120)),
                ("revenue_treatment", models.CharField(max_length=40)),
                ("tax_class", models.CharField(max_length=40)),
                ("ship_to_reference", models.CharField(blank=True, max_length=120)),
                ("arrangement", models.CharField(blank=True, max_length=120)),
                ("dimensions", models.JSONField(default=list)),
            ],
            options={
                "ordering": ["order", "line_id"],
            },
        ),
        migrations.CreateModel(
            name="SalesOrderRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("contract_reference", models.CharField(db_index=True, max_length=120)),
                ("master_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("ordered_on", models.DateField()),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("po_number", models.CharField(blank=True, max_length=60)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-ordered_on", "reference", "-version"],
            },
        ),
        migrations.CreateModel(
            name="TaxCertificate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "customer_reference",
                    models.CharField(help_text="The customer, such as customer:0015g00000AbCdEAAV.", max_length=120),
                ),
                (
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                ("number", models.CharField(max_length=60)),
            ],
            options={
                "ordering": ["customer_reference", "jurisdiction", "-valid_from"],
            },
        ),
        migrations.CreateModel(
            name="TaxCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                ("tax_class", models.CharField(help_text="As product mappings name it.", max_length=40)),
                (
                    "treatment",
                    models.CharField(
                        choices=[
                            ("standard", "Taxed where it is used"),
                            ("reverse_charge", "The customer accounts for the tax"),
                            ("exempt", "Exempt by certificate"),
                            ("not_registered", "Not taxed: below the threshold, no registration"),
                        ],
                        default="standard",
                        max_length=16,
                    ),
                ),
                ("percent", models.DecimalField(decimal_places=4, max_digits=7)),
                (
                    "billing_code",
                    models.CharField(blank=True, help_text="The tax rate's id in billing.", max_length=120),
                ),
                ("erp_code", models.CharField(help_text="The tax code's id in the ERP.", max_length=120)),
            ],
            options={
                "ordering": ["entity", "jurisdiction", "tax_class", "treatment", "-valid_from"],
            },
        ),
        migrations.CreateModel(
            name="TaxIdCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "customer_reference",
                    models.CharField(help_text="The customer, such as customer:0015g00000AbCdEAAV.", max_length=120),
                ),
                ("tax_id", models.CharField(max_length=60)),
                ("consultation", models.CharField(help_text="The authority's own number of the check.", max_length=60)),
            ],
            options={
                "ordering": ["customer_reference", "-valid_from"],
            },
        ),
        migrations.CreateModel(
            name="TaxRegistration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                (
                    "standing",
                    models.CharField(
                        choices=[
                            ("registered", "Registered"),
                            ("below_threshold", "Not registered, below the threshold"),
                        ],
                        default="registered",
                        max_length=16,
                    ),
                ),
                ("number", models.CharField(blank=True, help_text="Our registration number there.", max_length=40)),
                (
                    "threshold",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="Net sales a calendar year from which we must register.",
                        max_digits=20,
                        null=True,
                    ),
                ),
                ("threshold_currency", models.CharField(blank=True, max_length=3)),
            ],
            options={
                "ordering": ["entity", "jurisdiction", "-valid_from"],
            },
        ),
        migrations.AlterModelOptions(
            name="entitymapping",
            options={"ordering": ["basis", "country", "key", "-valid_from"]},
        ),
        migrations.RemoveConstraint(
            model_name="entitymapping",
            name="entity_mappings_do_not_overlap",
        ),
        migrations.RemoveConstraint(
            model_name="productmapping",
            name="product_mappings_do_not_overlap",
        ),
        migrations.AddField(
            model_name="contractlinerecord",
            name="arrangement",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="contractlinerecord",
            name="ship_to_reference",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="contractlinerecord",
            name="tax_code",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="contractlinerecord",
            name="tax_jurisdiction",
            field=models.CharField(blank=True, max_length=6),
        ),
        migrations.AddField(
            model_name="contractlinerecord",
            name="tax_percent",
            field=models.DecimalField(decimal_places=4, default=0, max_digits=7),
        ),
        migrations.AddField(
            model_name="contractlinerecord",
            name="tax_treatment",
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="master_reference",
            field=models.CharField(blank=True, db_index=True, max_length=120),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="payer_reference",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="ship_to_reference",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="signatory",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="sold_to_reference",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="countrymapping",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="documentpolicy",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="entitymapping",
            name="basis",
            field=models.CharField(
                choices=[
                    ("contract", "This contract only"),
                    ("signatory", "Company that signed the contract"),
                    ("account", "Account"),
                    ("hierarchy", "Account and all accounts below it"),
                    ("country", "Country of the account"),
                ],
                default="country",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="entitymapping",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="entitymapping",
            name="key",
            field=models.CharField(
                blank=True,
                help_text="By contract or account: its reference. By signatory: the company as the CRM writes it.",
                max_length=120,
            ),
        ),
        migrations.AddField(
            model_name="historicalcountrymapping",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="historicaldocumentpolicy",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="historicalentitymapping",
            name="basis",
            field=models.CharField(
                choices=[
                    ("contract", "This contract only"),
                    ("signatory", "Company that signed the contract"),
                    ("account", "Account"),
                    ("hierarchy", "Account and all accounts below it"),
                    ("country", "Country of the account"),
                ],
                default="country",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="historicalentitymapping",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="historicalentitymapping",
            name="key",
            field=models.CharField(
                blank=True,
                help_text="By contract or account: its reference. By signatory: the company as the CRM writes it.",
                max_length=120,
            ),
        ),
        migrations.AddField(
            model_name="historicallegalentity",
            name="rate_fall_back_days",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="Calendar days back to an earlier business day's exchange rate; 0 means never, 3 at most.",
            ),
        ),
        migrations.AddField(
            model_name="historicalproductmapping",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="historicalrevenueengine",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="historicalusagemeter",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="invoicerecord",
            name="exchange_rate",
            field=models.DecimalField(decimal_places=10, default=0, max_digits=20),
        ),
        migrations.AddField(
            model_name="invoicerecord",
            name="rate_as_of",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="invoicerecord",
            name="rate_source",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="invoicerecord",
            name="rate_type",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="rate_fall_back_days",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="Calendar days back to an earlier business day's exchange rate; 0 means never, 3 at most.",
            ),
        ),
        migrations.AddField(
            model_name="paymentrecord",
            name="exchange_rate",
            field=models.DecimalField(decimal_places=10, default=0, max_digits=20),
        ),
        migrations.AddField(
            model_name="paymentrecord",
            name="rate_as_of",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="paymentrecord",
            name="rate_source",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="paymentrecord",
            name="rate_type",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.AddField(
            model_name="productmapping",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="revenueengine",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AddField(
            model_name="usagemeter",
            name="batch",
            field=models.CharField(blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20),
        ),
        migrations.AlterField(
            model_name="entitymapping",
            name="country",
            field=models.CharField(blank=True, help_text="By country: ISO 3166-1, or * for all others.", max_length=2),
        ),
        migrations.AlterField(
            model_name="historicalentitymapping",
            name="country",
            field=models.CharField(blank=True, help_text="By country: ISO 3166-1, or * for all others.", max_length=2),
        ),
        migrations.AddConstraint(
            model_name="entitymapping",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status", "approved")),
                expressions=[
                    ("basis", "="),
                    ("country", "="),
                    ("key", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[)"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="entity_mappings_do_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="entitymapping",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("basis", "country"), ("key", ""), models.Q(("country", ""), _negated=True)),
                    models.Q(
                        models.Q(("basis", "country"), _negated=True),
                        ("country", ""),
                        models.Q(("key", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="entity_mapping_has_one_key",
                violation_error_message="A rule by country has a country; every other rule has a key.",
            ),
        ),
        migrations.AddConstraint(
            model_name="legalentity",
            constraint=models.CheckConstraint(
                condition=models.Q(("rate_fall_back_days__lte", 3)), name="rates_fall_back_three_days_at_most"
            ),
        ),
        migrations.AddConstraint(
            model_name="productmapping",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status", "approved")),
                expressions=[
                    ("crm_product", "="),
                    ("currency", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[)"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="product_mappings_do_not_overlap",
            ),
        ),
        migrations.AddField(
            model_name="bundlemapping",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="bundlemapping",
            name="drafted_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="exchangerate",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="exchangerate",
            name="drafted_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="historicalbundlemapping",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalbundlemapping",
            name="drafted_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalbundlemapping",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="historicalexchangerate",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalexchangerate",
            name="drafted_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalexchangerate",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxcertificate",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxcertificate",
            name="drafted_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxcertificate",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxcode",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxcode",
            name="drafted_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxcode",
            name="entity",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="sync.legalentity",
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxcode",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxidcheck",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxidcheck",
            name="drafted_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxidcheck",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxregistration",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxregistration",
            name="drafted_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxregistration",
            name="entity",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="sync.legalentity",
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxregistration",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="salesorderrecord",
            name="legal_entity",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity"),
        ),
        migrations.AddField(
            model_name="salesorderlinerecord",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="sync.salesorderrecord"
            ),
        ),
        migrations.AddField(
            model_name="taxcertificate",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="taxcertificate",
            name="drafted_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="taxcode",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="taxcode",
            name="drafted_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="taxcode",
            name="entity",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity"),
        ),
        migrations.AddField(
            model_name="taxidcheck",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="taxidcheck",
            name="drafted_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="taxregistration",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="taxregistration",
            name="drafted_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="taxregistration",
            name="entity",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity"),
        ),
        migrations.AddConstraint(
            model_name="bundlemapping",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status", "approved")),
                expressions=[
                    ("crm_product", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[)"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="bundle_mappings_do_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="bundlemapping",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="bundle_mapping_approved_by_another",
                violation_error_message="Another person than the one who drafted it must approve it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status", "approved")),
                expressions=[
                    ("rate_type", "="),
                    ("from_currency", "="),
                    ("to_currency", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[)"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="one_rate_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="exchange_rate_approved_by_another",
                violation_error_message="Another person than the one who drafted it must approve it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(condition=models.Q(("rate__gt", 0)), name="exchange_rate_is_above_zero"),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(
                condition=models.Q(("from_currency", models.F("to_currency")), _negated=True),
                name="exchange_rate_is_of_two_currencies",
            ),
        ),
        migrations.AddConstraint(
            model_name="salesorderrecord",
            constraint=models.UniqueConstraint(fields=("reference", "version"), name="one_record_per_order_version"),
        ),
        migrations.AddConstraint(
            model_name="salesorderrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="order_ends_after_it_starts"
            ),
        ),
        migrations.AddConstraint(
            model_name="salesorderlinerecord",
            constraint=models.UniqueConstraint(fields=("order", "line_id"), name="order_line_once"),
        ),
        migrations.AddConstraint(
            model_name="taxcertificate",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status", "approved")),
                expressions=[
                    ("customer_reference", "="),
                    ("jurisdiction", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[)"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="tax_certificates_do_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxcertificate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="tax_certificate_approved_by_another",
                violation_error_message="Another person than the one who drafted it must approve it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxcertificate",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_to__isnull", False)),
                name="tax_certificate_ends",
                violation_error_message="A certificate has a last day.",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxcode",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status", "approved")),
                expressions=[
                    ("entity", "="),
                    ("jurisdiction", "="),
                    ("tax_class", "="),
                    ("treatment", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[)"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="tax_codes_do_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxcode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="tax_code_approved_by_another",
                violation_error_message="Another person than the one who drafted it must approve it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxcode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("percent__gte", 0),
                    ("percent__lt", 100),
                    models.Q(("treatment", "standard"), ("percent", 0), _connector="OR"),
                ),
                name="tax_is_charged_by_the_standard_treatment_only",
                violation_error_message="Only the standard treatment charges tax; every other has 0 percent.",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxcode",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent", 0), models.Q(("billing_code", ""), _negated=True), _connector="OR"),
                name="tax_that_is_charged_has_a_code_in_billing",
                violation_error_message="A tax that is charged needs the code billing charges it by.",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxidcheck",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status", "approved")),
                expressions=[
                    ("customer_reference", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[)"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="tax_id_checks_do_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxidcheck",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="tax_id_check_approved_by_another",
                violation_error_message="Another person than the one who drafted it must approve it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxregistration",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status", "approved")),
                expressions=[
                    ("entity", "="),
                    ("jurisdiction", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[)"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="tax_registrations_do_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxregistration",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="tax_registration_approved_by_another",
                violation_error_message="Another person than the one who drafted it must approve it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxregistration",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("standing", "registered"), models.Q(("number", ""), _negated=True)),
                    models.Q(
                        ("number", ""),
                        ("standing", "below_threshold"),
                        ("threshold__gt", 0),
                        models.Q(("threshold_currency", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="tax_registration_has_number_or_threshold",
                violation_error_message="A registration has a number; a threshold has an amount and a currency.",
            ),
        ),
    ]
